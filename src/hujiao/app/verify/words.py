"""Every kind of difference in words."""

from hujiao.app.verify.model import Difference

WORDS: dict[str, tuple[str, str]] = {
    "no_arrival": (
        "通话 {subject}：账本有 {facts} 条事实，却没有呼入或呼出的记录",
        "call {subject}: the ledger has {facts} facts and no arrival",
    ),
    "arrived_again": (
        "通话 {subject}：到达被记录了 {times} 次",
        "call {subject}: arrived {times} times",
    ),
    "ended_again": (
        "通话 {subject}：结束被记录了 {times} 次",
        "call {subject}: ended {times} times",
    ),
    "not_ended": (
        "通话 {subject}：账本中没有结束，现场也没有这通电话",
        "call {subject}: no end in the ledger, and it is not live",
    ),
    "before_arrival": (
        "通话 {subject}：{type} 记在到达之前",
        "call {subject}: {type} stands before its arrival",
    ),
    "after_end": (
        "通话 {subject}：结束之后又有 {type}",
        "call {subject}: {type} stands after its end",
    ),
    "time_goes_back": (
        "通话 {subject}：{type} 的时间比前一条早 {ms} 毫秒",
        "call {subject}: {type} happened {ms} ms before the fact in front of it",
    ),
    "numbers_missing": (
        "来源 {subject}：第 {former} 号之后是第 {seq} 号，中间的事实缺失",
        "source {subject}: number {former} is followed by {seq}, facts between them are missing",
    ),
    "number_doubled": (
        "来源 {subject}：第 {former} 号之后又出现第 {seq} 号，事实重复",
        "source {subject}: number {former} is followed by {seq}, a fact is doubled",
    ),
    "source_behind": (
        "来源 {subject}：登记已送达第 {said} 号，账本最后却是第 {seq} 号",
        "source {subject}: {said} is noted as delivered, the ledger's last is {seq}",
    ),
    "state_broken": (
        "坐席 {subject}：前一状态是 {former}，下一条却说从 {was} 变为 {state}",
        "agent {subject}: was left in {former}, yet the next fact goes from {was} to {state}",
    ),
    "state_back": (
        "坐席 {subject}：变为 {state} 的时间比前一状态早 {ms} 毫秒",
        "agent {subject}: came to {state} {ms} ms before the state in front of it",
    ),
    "not_listed": (
        "通话 {subject}：账本有，通话记录没有",
        "call {subject}: in the ledger, not in the call list",
    ),
    "listed_unknown": (
        "通话 {subject}：通话记录有，账本没有",
        "call {subject}: in the call list, not in the ledger",
    ),
    "listed_otherwise": (
        "通话 {subject}：账本与通话记录不一致（{fields}）",
        "call {subject}: ledger and call list do not agree ({fields})",
    ),
    "reader_behind": (
        "{subject} 停在第 {position} 条，还有 {facts} 条事实未读",
        "{subject} stands at position {position}, {facts} facts are unread",
    ),
    "not_recorded": (
        "录音 {subject}：账本说已开始，录音表没有",
        "recording {subject}: begun in the ledger, unknown to the recordings",
    ),
    "recording_of_nobody": (
        "录音 {subject}：它的通话 {call} 不在通话记录中",
        "recording {subject}: its call {call} is not in the call list",
    ),
    "not_merged": (
        "录音 {subject}：{minutes} 分钟前已结束，至今没有合成",
        "recording {subject}: over for {minutes} minutes and not merged",
    ),
    "not_stopped": (
        "录音 {subject}：通话 {minutes} 分钟前已结束，录音仍未结束",
        "recording {subject}: its call ended {minutes} minutes ago, it did not",
    ),
    "merge_failed": (
        "录音 {subject}：合成失败（{problem}）",
        "recording {subject}: the merge failed ({problem})",
    ),
    "file_missing": (
        "录音 {subject}：文件 {file} 不存在",
        "recording {subject}: its file {file} is missing",
    ),
    "file_size": (
        "录音 {subject}：文件应为 {size} 字节，实际 {found} 字节",
        "recording {subject}: its file has {found} bytes instead of {size}",
    ),
    "file_unknown": (
        "文件 {subject}：没有对应的录音",
        "file {subject}: belongs to no recording",
    ),
    "raw_unknown": (
        "原始录音 {subject}：没有对应的录音",
        "raw sound {subject}: belongs to no recording",
    ),
    "raw_left": (
        "原始录音 {subject}：已合成，却没有清除",
        "raw sound {subject}: merged and not removed",
    ),
    "deleted_there": (
        "录音 {subject}：已按保留期限删除，文件 {file} 却还在",
        "recording {subject}: deleted by the policy, its file {file} is still there",
    ),
    "length": (
        "录音 {subject}：通话 {talk_s} 秒，录音 {sound_s} 秒",
        "recording {subject}: {sound_s} s of sound for {talk_s} s of talk",
    ),
    "floor_away": (
        "呼叫中心核心没有应答，无法核对正在进行的通话",
        "the floor does not answer: live calls cannot be compared",
    ),
    "node_away": (
        "节点 {subject} 没有应答（{reason}），无法核对它的线路",
        "node {subject} does not answer ({reason}): its lines cannot be compared",
    ),
    "line_of_nobody": (
        "线路 {subject}（节点 {node}）：没有对应的通话",
        "line {subject} on node {node}: belongs to no live call",
    ),
    "call_without_line": (
        "通话 {subject}：正在进行（{phase}），却没有任何线路",
        "call {subject}: live ({phase}) without any line",
    ),
    "live_unknown": (
        "通话 {subject}：正在进行，账本却没有",
        "call {subject}: live, and not in the ledger",
    ),
    "not_delivered": (
        "本地预写 {subject}：有 {groups} 组事实未送达数据库",
        "write-ahead {subject}: {groups} groups of facts have not reached the database",
    ),
    "write_ahead_broken": (
        "本地预写 {subject}：无法读取（{reason}）",
        "write-ahead {subject}: cannot be read ({reason})",
    ),
}
"""kind -> (zh-CN, en)."""

SUMMARY = (
    "核对了 {calls} 通电话、{facts} 条事实、{recordings} 条录音、{files} 个文件、"
    "{live_calls} 通进行中的电话、{channels} 条线路",
    "checked {calls} calls, {facts} facts, {recordings} recordings, {files} files, "
    "{live_calls} live calls, {channels} lines",
)
VERDICT = (
    ("没有差异。", "no difference."),
    ("发现 {differences} 处差异。", "{differences} differences."),
)


def in_words(one: Difference, locale: str) -> str:
    """One sentence, without a full stop."""
    zh, en = WORDS[one.kind]
    return (zh if locale == "zh-CN" else en).format(subject=one.subject, **one.details)


def summary(counts: dict[str, int], locale: str) -> str:
    """What was looked at and what came of it."""
    verdict = VERDICT[1 if counts["differences"] else 0]
    column = 0 if locale == "zh-CN" else 1
    between = ("：", ": ")[column]
    return (SUMMARY[column] + between + verdict[column]).format(**counts)
