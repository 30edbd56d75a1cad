"""The modules a node loads: those we use and what they lean on, out of Debian's 335.

Fewer modules are a smaller attack surface and 20 MB less memory. Never add
res_stasis_device_state or res_ari_device_states: with a subscription to all events they can
deadlock ARI for good (Asterisk issue 2170, seen on 22.10.1). Nothing that starts a shell is here.
"""

from __future__ import annotations

PRELOADED = ("res_pjproject", "res_sorcery_config", "res_sorcery_memory", "res_sorcery_astdb")

BRIDGES = ("bridge_holding", "bridge_native_rtp", "bridge_simple", "bridge_softmix")

CHANNELS = ("chan_bridge_media", "chan_pjsip", "chan_rtp")

MEDIA = (
    "codec_a_mu",
    "codec_alaw",
    "codec_g722",
    "codec_gsm",
    "codec_opus_open_source",
    "codec_resample",
    "codec_ulaw",
    "format_gsm",
    "format_pcm",
    "format_sln",
    "format_wav",
    "res_fax",
    "res_fax_spandsp",
    "res_format_attr_opus",
    "res_musiconhold",
    "res_mutestream",
    "res_rtp_asterisk",
    "res_rtp_multicast",
    "res_srtp",
    "res_timing_timerfd",
    "res_tonedetect",
)

DIALPLAN = (
    "app_amd",
    "app_chanspy",
    "app_echo",
    "app_milliwatt",
    "app_mixmonitor",
    "app_playback",
    "app_read",
    "app_record",
    "app_senddtmf",
    "app_stack",
    "app_stasis",
    "app_stasis_broadcast",
    "app_verbose",
    "func_callerid",
    "func_channel",
    "func_cut",
    "func_dialplan",
    "func_global",
    "func_groupcount",
    "func_hangupcause",
    "func_jitterbuffer",
    "func_logic",
    "func_periodic_hook",
    "func_pjsip_aor",
    "func_pjsip_contact",
    "func_pjsip_endpoint",
    "func_rand",
    "func_strings",
    "func_talkdetect",
    "func_timeout",
    "func_uri",
    "func_volume",
    "pbx_config",
    "res_clioriginate",
)

PJSIP = (
    "res_pjsip",
    "res_pjsip_acl",
    "res_pjsip_authenticator_digest",
    "res_pjsip_caller_id",
    "res_pjsip_diversion",
    "res_pjsip_dlg_options",
    "res_pjsip_dtmf_info",
    "res_pjsip_empty_info",
    "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_header_funcs",
    "res_pjsip_logger",
    "res_pjsip_nat",
    "res_pjsip_outbound_authenticator_digest",
    "res_pjsip_outbound_registration",
    "res_pjsip_path",
    "res_pjsip_pubsub",
    "res_pjsip_refer",
    "res_pjsip_registrar",
    "res_pjsip_rfc3326",
    "res_pjsip_sdp_rtp",
    "res_pjsip_session",
    "res_pjsip_t38",
    "res_pjsip_transport_websocket",
    "res_security_log",
)

ARI = (
    "res_ari",
    "res_ari_applications",
    "res_ari_asterisk",
    "res_ari_bridges",
    "res_ari_channels",
    "res_ari_endpoints",
    "res_ari_events",
    "res_ari_model",
    "res_ari_playbacks",
    "res_ari_recordings",
    "res_ari_sounds",
    "res_crypto",
    "res_http_websocket",
    "res_stasis",
    "res_stasis_answer",
    "res_stasis_broadcast",
    "res_stasis_playback",
    "res_stasis_recording",
    "res_stasis_snoop",
    "res_websocket_client",
)

QUEUE = ("app_dial", "app_queue")


def modules(*, with_queue: bool = False) -> list[str]:
    """Module names without `.so`, in the order of modules.conf."""
    rest = {*BRIDGES, *CHANNELS, *MEDIA, *DIALPLAN, *PJSIP, *ARI}
    if with_queue:
        rest.update(QUEUE)
    return sorted(rest)
