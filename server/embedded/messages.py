"""The sentences an operator reads when an embedded part cannot start, in Chinese and English.

The code that fails raises a code and parameters; the terminal's language decides the sentence.
"""

from collections.abc import Mapping

_SENTENCES: dict[str, tuple[str, str]] = {
    "another_instance": (
        "Another instance (process {pid}) uses the data folder {home}: stop it first, or set ANFANG_HOME.",
        "数据目录 {home} 正被另一个实例（进程 {pid}）使用：请先停止它，或另设 ANFANG_HOME。",
    ),
    "command_failed": (
        "The step “{command}” failed with status {status}; its own lines above say why.",
        "步骤“{command}”失败，退出状态 {status}，原因见上方输出。",
    ),
    "database_scheme": (
        "DATABASE_URL must begin with postgresql://; no other database is spoken.",
        "DATABASE_URL 必须以 postgresql:// 开头，本系统不支持其他数据库。",
    ),
    "database_unreachable": (
        "The database in DATABASE_URL does not answer: {reason}",
        "无法连接 DATABASE_URL 所指的数据库：{reason}",
    ),
    "database_unreadable": (
        "DATABASE_URL must look like postgresql://user:password@host/name (in passwords @ is %40, / is %2F).",
        "DATABASE_URL 应写成 postgresql://user:password@host/name，密码中的 @ 写作 %40，/ 写作 %2F。",
    ),
    "fake_provider": (
        "What the fake SMS provider holds, and where to reply as a phone: {url}",
        "短信服务商仿真（查看已提交的短信、以手机身份回复）：{url}",
    ),
    "home_unusable": (
        "The data folder {home} cannot be used: {reason}.",
        "数据目录 {home} 无法使用：{reason}。",
    ),
    "keys_lost": (
        "{file} no longer holds ANFANG_KEYS, which the personal data need: restore it from a backup.",
        "{file} 中缺少 ANFANG_KEYS，没有它就无法读取个人信息：请从备份恢复。",
    ),
    "missing_program": (
        "The program “{program}” is missing: run “make setup”.",
        "缺少程序 {program}：请运行“make setup”。",
    ),
    "missing_setpriv": (
        "The program “setpriv” is missing: install the package util-linux.",
        "缺少程序 setpriv：请安装软件包 util-linux。",
    ),
    "missing_wheel": (
        "The Python package {package} is not installed or lacks {file}: run “make setup”, or set {setting}.",
        "未安装 Python 包 {package}，或其中缺少 {file}：请运行“make setup”，或设置 {setting}。",
    ),
    "no_free_port": (
        "No free port was found on 127.0.0.1 between {low} and {high}.",
        "127.0.0.1 上 {low} 至 {high} 之间没有空闲端口。",
    ),
    "not_ready": (
        "{service} did not answer within {seconds} s; the end of {log} says: {tail}",
        "{service} 在 {seconds} 秒内没有应答；{log} 末尾写道：{tail}",
    ),
    "password_lost": (
        "The embedded PostgreSQL refuses the password in {file}: restore that file from a backup.",
        "内置 PostgreSQL 拒绝 {file} 中的密码：请从备份恢复该文件。",
    ),
    "port_forbidden": (
        "Port {port} may not be opened by this user: choose another, for example PORT=8080 make run.",
        "当前用户无权使用端口 {port}：请换一个，例如 PORT=8080 make run。",
    ),
    "port_invalid": (
        "PORT must be a whole number from 1 to 65535, not “{port}”.",
        "PORT 必须是 1 至 65535 的整数，而不是“{port}”。",
    ),
    "port_taken": (
        "Port {port} is taken by another program: stop it, or choose another: PORT={other} make run.",
        "端口 {port} 已被其他程序占用：请停止该程序，或换一个端口：PORT={other} make run。",
    ),
    "process_ended": (
        "The process “{name}” ended by itself with status {status}, so everything was stopped; see {log}.",
        "进程“{name}”自行退出（状态 {status}），其余进程已一并停止；详见 {log}。",
    ),
    "service_ended": (
        "{service} ended while starting (status {status}); the end of {log} says: {tail}",
        "{service} 启动时退出（状态 {status}）；{log} 末尾写道：{tail}",
    ),
    "settings_unreadable": (
        "The settings file {file} has a line that is not KEY=VALUE: line {line}.",
        "设置文件 {file} 第 {line} 行不是 KEY=VALUE 格式。",
    ),
    "unreachable_for_user": (
        "PostgreSQL refuses root, and the user {user} cannot reach {path}: choose another ANFANG_HOME.",
        "PostgreSQL 不能以 root 身份运行，而用户 {user} 无法访问 {path}：请用 ANFANG_HOME 另设数据目录。",
    ),
    "wrong_major": (
        "{path} was written by PostgreSQL {found}, not {wanted}: dump with {found}, load with {wanted}.",
        "{path} 由 PostgreSQL {found} 写入，当前版本是 {wanted}：请用 {found} 导出，再用 {wanted} 导入。",
    ),
    "wrong_owner": (
        "The files in {path} belong to the user {owner}: run as that user or as root, or set ANFANG_HOME.",
        "{path} 中的数据库文件属于用户 {owner}：请以该用户或 root 身份运行，或另设 ANFANG_HOME。",
    ),
    "ready": ("Ready: {url}", "已就绪：{url}"),
    "starting": ("Starting; the data lies in {home} …", "正在启动，数据位于 {home}……"),
    "stopped": ("Everything is stopped; the data stays in {home}.", "已全部停止，数据保留在 {home}。"),
    "stopping": ("Stopping …", "正在停止……"),
}

CODES = frozenset(_SENTENCES)


class EmbeddedError(Exception):
    """An embedded part cannot start or has ended: one of `CODES` with its parameters."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(sentence(code, params))
        self.code = code
        self.params = params


def sentence(code: str, params: Mapping[str, object], *, chinese: bool = False) -> str:
    """The one sentence for a code."""
    english, native = _SENTENCES[code]
    return (native if chinese else english).format_map(params)


def wants_chinese(environ: Mapping[str, str]) -> bool:
    """Whether the terminal's locale asks for Chinese (the first of LC_ALL, LC_MESSAGES, LANG that is set)."""
    chosen = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return chosen.startswith("zh")
