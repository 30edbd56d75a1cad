"""A list of calls as an Excel file, in the reader's language."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from hujiao.calls.service import ShownCall
from hujiao.identity.model import Locale

DAY_MS = 86_400_000
MOMENT = "yyyy-mm-dd hh:mm:ss"
LENGTH = "[h]:mm:ss"

_WORDS: Mapping[Locale, Mapping[str, str]] = {
    Locale.ZH_CN: {
        "sheet": "通话",
        "in": "呼入",
        "out": "呼出",
        "answered": "已接通",
        "abandoned_queue": "排队放弃",
        "abandoned_menu": "菜单放弃",
        "overflowed": "溢出",
        "refused": "未受理",
        "no_answer": "无人接听",
        "busy": "对方忙",
        "failed": "失败",
        "in_progress": "进行中",
        "customer": "客户",
        "agent": "坐席",
        "system": "系统",
        "cut": "只导出了前 {count} 条，请缩小筛选范围",
    },
    Locale.EN: {
        "sheet": "Calls",
        "in": "In",
        "out": "Out",
        "answered": "Answered",
        "abandoned_queue": "Abandoned in queue",
        "abandoned_menu": "Abandoned in menu",
        "overflowed": "Overflowed",
        "refused": "Turned away",
        "no_answer": "No answer",
        "busy": "Busy",
        "failed": "Failed",
        "in_progress": "In progress",
        "customer": "Customer",
        "agent": "Agent",
        "system": "System",
        "cut": "Only the first {count} calls; narrow the filters",
    },
}


@dataclass(frozen=True, slots=True)
class Names:
    """Names by id, of queues and result codes."""

    queues: Mapping[str, str]
    dispositions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Column:
    zh: str
    en: str
    width: int
    kind: str
    value: Callable[[ShownCall, Names, Mapping[str, str]], Any]


def _disposition(shown: ShownCall, names: Names, _words: Mapping[str, str]) -> str:
    note = shown.call.note
    return names.dispositions.get(note.disposition_id or "", "") if note else ""


_COLUMNS: Sequence[_Column] = (
    _Column("时间", "Time", 20, "moment", lambda s, n, w: s.call.contact.arrived_at),
    _Column("方向", "In/out", 8, "text", lambda s, n, w: w[s.call.contact.direction]),
    _Column("号码", "Number", 18, "text", lambda s, n, w: s.call.contact.customer_number),
    _Column("客户", "Customer", 16, "text", lambda s, n, w: s.customer.name if s.customer else ""),
    _Column("被叫号码", "Called", 16, "text", lambda s, n, w: s.call.contact.called),
    _Column(
        "队列", "Queue", 16, "text", lambda s, n, w: n.queues.get(s.call.contact.queue_id or "", "")
    ),
    _Column("坐席", "Agent", 14, "text", lambda s, n, w: s.call.agent_name or ""),
    _Column("接通", "Answered", 20, "moment", lambda s, n, w: s.call.contact.answered_at),
    _Column("结束", "Ended", 20, "moment", lambda s, n, w: s.call.contact.ended_at),
    _Column("等待", "Wait", 10, "length", lambda s, n, w: s.call.contact.wait_ms),
    _Column("通话", "Talk", 10, "length", lambda s, n, w: s.call.contact.talk_ms),
    _Column("保持", "Hold", 10, "length", lambda s, n, w: s.call.contact.hold_ms),
    _Column("话后", "Wrap-up", 10, "length", lambda s, n, w: s.call.contact.wrap_up_ms),
    _Column(
        "结果",
        "Result",
        18,
        "text",
        lambda s, n, w: w.get(s.call.contact.result, s.call.contact.result),
    ),
    _Column(
        "挂机方", "Ended by", 10, "text", lambda s, n, w: w.get(s.call.contact.ended_by or "", "")
    ),
    _Column("小结", "Disposition", 16, "text", _disposition),
    _Column("备注", "Note", 40, "text", lambda s, n, w: s.call.note.text if s.call.note else ""),
    _Column("通话编号", "Call id", 26, "text", lambda s, n, w: s.call.contact.id),
)


class CallSheet:
    """Writes calls to an Excel file row by row. All methods block; memory stays small.

    Moments are of the zone where the machine stands. Text is written as text, whatever it looks
    like: a caller's name never becomes a formula.
    """

    def __init__(self, path: Path, locale: Locale, names: Names) -> None:
        self._words = _WORDS[locale]
        self._names = names
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self._book = xlsxwriter.Workbook(path, options)
        self._page = self._book.add_worksheet(self._words["sheet"])
        self._formats = {
            "moment": self._book.add_format({"num_format": MOMENT}),
            "length": self._book.add_format({"num_format": LENGTH}),
        }
        self._row = 0
        self._head(locale)

    def _head(self, locale: Locale) -> None:
        bold = self._book.add_format({"bold": True})
        for number, column in enumerate(_COLUMNS):
            self._page.set_column(number, number, column.width)
            title = column.zh if locale is Locale.ZH_CN else column.en
            self._page.write_string(0, number, title, bold)
        self._page.freeze_panes(1, 0)

    def write(self, calls: Sequence[ShownCall]) -> None:
        """Append one row per call."""
        for shown in calls:
            self._row += 1
            for number, column in enumerate(_COLUMNS):
                self._cell(number, column.kind, column.value(shown, self._names, self._words))

    def _cell(self, number: int, kind: str, value: Any) -> None:
        if value is None or value == "":
            return
        if kind == "moment":
            local = datetime.fromtimestamp(value / 1000).astimezone().replace(tzinfo=None)
            self._page.write_datetime(self._row, number, local, self._formats["moment"])
        elif kind == "length":
            self._page.write_number(self._row, number, value / DAY_MS, self._formats["length"])
        else:
            self._page.write_string(self._row, number, str(value))

    def close(self, *, cut: bool) -> None:
        """Finish the file; with `cut` its last row says that there were more calls."""
        if cut:
            self._page.write_string(self._row + 1, 0, self._words["cut"].format(count=self._row))
        self._book.close()
