"""What is told a node when phones and trunks change."""

from hujiao.telephony.ari.provisioning import Change, Thing, changes, desired
from hujiao.telephony.endpoints import Phone, PhoneKind, Trunk

TRUNK = Thing("endpoint", "gw")


def trunk(**more: str) -> Trunk:
    return Trunk(endpoint="gw", host="127.0.0.1", port=5060, **more)  # type: ignore[arg-type]


def test_what_is_known_is_not_told_again() -> None:
    wanted = desired([], [trunk()])
    assert changes(wanted, wanted) == []


def test_endpoints_are_changed_in_place_so_that_calls_on_them_do_not_take_their_state() -> None:
    wanted = desired([Phone("1001", PhoneKind.SIP, "s")], [trunk()])
    left_over = {thing: {} for thing in wanted}
    told = changes(left_over, wanted)
    assert [c.thing.kind for c in told if c.fields is None] == ["aor", "identify"]
    assert all(fields.get("callerid") is not None for t, fields in wanted.items() if t == TRUNK)


def test_a_trunk_that_moves_is_not_trusted_at_its_old_address() -> None:
    known, wanted = desired([], [trunk()]), desired([], [trunk(caller_number="x")])
    assert changes(known, wanted) == []
    moved = desired([], [Trunk(endpoint="gw", host="127.0.0.2")])
    told = changes(known, moved)
    for kind in ("aor", "identify"):
        at = told.index(Change(Thing(kind, "gw"), None))
        assert told[at + 1] == Change(Thing(kind, "gw"), moved[Thing(kind, "gw")])


def test_a_phone_with_a_name_is_changed_in_place() -> None:
    phone = Phone("1001", PhoneKind.SIP, secret="s", display_name="Ann")
    renamed = Phone("1001", PhoneKind.SIP, secret="s", display_name="Anna")
    known, wanted = desired([phone], []), desired([renamed], [])
    endpoint = Thing("endpoint", "1001")
    assert changes(known, wanted) == [Change(endpoint, wanted[endpoint])]


def test_what_is_gone_is_deleted_those_first_that_name_others() -> None:
    known = desired([], [trunk()])
    kinds = [change.thing.kind for change in changes(known, {})]
    assert kinds == ["identify", "endpoint", "aor"]


def test_a_gateway_cannot_take_the_name_of_a_phone() -> None:
    phone = Phone("1001", PhoneKind.SIP, secret="s")
    gateway = Trunk("gw", username="1001", secret="t")
    assert desired([phone], [gateway]) == desired([phone], [])


def test_a_gateway_with_another_user_name_can_be_called_by_its_own_name_only() -> None:
    wanted = desired([], [Trunk("gw", username="user", secret="t")])
    called, calling = wanted[TRUNK], wanted[Thing("endpoint", "user")]
    assert "auth" not in called
    assert (called["identify_by"], calling["auth"]) == ("ip", "user")
    assert called["context"] == calling["context"] == "from-trunk"
    assert called["aors"] == calling["aors"] == "user"
