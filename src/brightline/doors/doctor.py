"""What an operator must know of a machine before it is trusted with work: each examination says what it saw, and what to do.

Looks and changes nothing: no folder, ledger or key is begun. Opens no connection but to the database that the settings name.
"""

import datetime as dt
import multiprocessing
import os
import platform
import shutil
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from brightline.assembly import KEY_FILE, STORE_FILE, existing_ledger, policy_in_force
from brightline.core.errors import BrightlineError
from brightline.core.words import Words
from brightline.examine.catalogue import catalogue, load
from brightline.examine.sandbox import deny_network
from brightline.ledger.engine import LEDGER, guard, open_engine, revision_of
from brightline.provenance.trust import STALE_AFTER_DAYS, load_trust_pack
from brightline.review.store import STORE_FILE as SERVICE_FILE
from brightline.review.tables import SCHEMA
from brightline.review.vault import MASTER_FILE
from brightline.settings import Settings, worker_count

State = Literal["good", "note", "warning", "fault"]
LITTLE_BYTES, NONE_BYTES = 5 * 1024**3, 256 * 1024**2  # of free disk
WORKER_BYTES = 700 * 1024**2  # of memory that a worker takes at its height, with our libraries
AHEAD_S = 120.0  # that a file's time may lie ahead of the clock; networks' clocks differ
CERTIFICATE_DAYS = 30  # before its end, a certificate is told of
WATERMARK_KEYS = "watermark-keys.json"


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What one examination saw.

    Attributes:
        name: of the examination.
        state: `fault` keeps the machine from its work or its safety; `warning` will, or may; `note` is for the reader.
        said: what was seen.
        deed: what to do; empty where nothing is.
    """

    name: str
    state: State
    said: Words
    deed: Words = Words("", "")


Examination = Callable[[Settings], Iterator[Seen]]


def examined(settings: Settings) -> Iterator[Seen]:
    """All examinations, one after the other; one that fails is a fault and never passed over."""
    for name, examination in EXAMINATIONS.items():
        try:
            yield from examination(settings)
        except (BrightlineError, OSError, ValueError) as error:
            words = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
            yield Seen(name=name, state="fault", said=Words(words, words))


def _versions(_: Settings) -> Iterator[Seen]:
    told = (
        f"Brightline {version('brightline')}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"{platform.system()} {platform.release()} {platform.machine()}"
    )
    yield Seen(name="versions", state="note", said=Words(told, told))


def _policies(settings: Settings) -> Iterator[Seen]:
    policy = policy_in_force(settings)
    packs = len(settings.policies)
    yield Seen(
        name="policies",
        state="good",
        said=Words(f"{packs} packs compile, policy {policy.digest[:12]}", f"{packs} 个策略包可以编译，策略 {policy.digest[:12]}"),
    )  # fmt: skip


def _detectors(settings: Settings) -> Iterator[Seen]:
    missing = []
    entries = catalogue()
    for entry in entries:
        try:
            load(entry, settings)
        except Exception as error:  # others' code: each failure is a gap in every examination to come
            missing.append(
                f"{entry.name} ({str(error).splitlines()[0][:120] if str(error) else type(error).__name__})"
            )
    if missing:
        names = "; ".join(missing)
        yield Seen(
            name="detectors", state="fault",
            said=Words(f"{len(missing)} of {len(entries)} detectors do not load: {names}", f"{len(entries)} 个检测器中有 {len(missing)} 个无法加载：{names}"),
            deed=Words("each is a gap that holds content for people: install what is missing, or mend the setting", "每个都会造成缺口，使内容转交人工：请安装所缺组件或更正设置"),
        )  # fmt: skip
    else:
        yield Seen(name="detectors", state="good", said=Words(f"all {len(entries)} detectors load", f"{len(entries)} 个检测器均可加载"))  # fmt: skip


def _sandbox(_: Settings) -> Iterator[Seen]:
    child = multiprocessing.get_context("spawn").Process(target=_try_network)
    child.start()
    child.join(60)
    if child.exitcode == 0:
        yield Seen(name="sandbox", state="good", said=Words("workers cannot open sockets or start programs", "工作进程无法打开套接字或启动程序"))  # fmt: skip
        return
    child.kill()
    yield Seen(
        name="sandbox", state="fault",
        said=Words("this kernel or container does not let workers be cut off from networks (seccomp)", "此内核或容器不允许将工作进程与网络隔离（seccomp）"),
        deed=Words("run on Linux on x86-64 or arm64, in a container that allows seccomp filters", "请在 x86-64 或 arm64 的 Linux 上运行，容器须允许 seccomp 过滤器"),
    )  # fmt: skip


def _try_network() -> None:
    """Ends with 0 only where the filter holds."""
    if not deny_network():
        os._exit(1)
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    except PermissionError:
        os._exit(0)
    os._exit(2)


def _files(settings: Settings) -> Iterator[Seen]:
    home = settings.home
    if not home.exists():
        yield Seen(name="files", state="note", said=Words(f"`{home}` is not there yet: the first command that records makes it", f"`{home}` 尚不存在：首个需要记录的命令会创建它"))  # fmt: skip
        return
    secret = [home / name for name in (KEY_FILE, MASTER_FILE, WATERMARK_KEYS, STORE_FILE, SERVICE_FILE)]
    secret += [Path(one) for one in (settings.mark.signer_key, settings.mark.signer_passphrase) if one]
    open_to_all = [str(file) for file in (home, *secret) if file.exists() and file.stat().st_mode & 0o077]
    if open_to_all:
        names = ", ".join(open_to_all)
        yield Seen(
            name="files", state="fault", said=Words(f"others on this machine may read: {names}", f"本机其他用户可以读取：{names}"),
            deed=Words("`chmod go= ` each of them; if others did read a key, replace it", "请对其逐一执行 `chmod go=`；若密钥已被他人读取，请更换"),
        )  # fmt: skip
    if not os.access(home, os.W_OK):
        yield Seen(name="files", state="fault", said=Words(f"`{home}` cannot be written to", f"`{home}` 无法写入"), deed=Words("give it to the user that runs Brightline", "请将其归属于运行 Brightline 的用户"))  # fmt: skip
    elif not open_to_all:
        yield Seen(name="files", state="good", said=Words(f"`{home}` and its keys are its owner's alone", f"`{home}` 及其密钥仅所有者可读"))  # fmt: skip


def _space(settings: Settings) -> Iterator[Seen]:
    place = next(one for one in (settings.home, *settings.home.parents) if one.exists())
    free = shutil.disk_usage(place).free
    state: State = "fault" if free < NONE_BYTES else "warning" if free < LITTLE_BYTES else "good"
    deed = Words("", "") if state == "good" else Words("free some, or move `home`: what cannot be recorded is not given out", "请腾出空间或迁移 `home`：无法记录的决定不会给出")  # fmt: skip
    yield Seen(name="disk", state=state, said=Words(f"{free / 1e9:.1f} GB free for `{settings.home}`", f"`{settings.home}` 尚有 {free / 1e9:.1f} GB 可用"), deed=deed)  # fmt: skip
    have = _available_memory()
    need = worker_count(settings) * WORKER_BYTES
    if have is None:
        return
    told = Words(f"{have / 1e9:.1f} GB of memory for {worker_count(settings)} workers", f"{worker_count(settings)} 个工作进程可用内存 {have / 1e9:.1f} GB")  # fmt: skip
    if have < need:
        yield Seen(name="memory", state="warning", said=told, deed=Words(f"give it {need / 1e9:.1f} GB, or set fewer `jobs`", f"请提供 {need / 1e9:.1f} GB，或减少 `jobs`"))  # fmt: skip
    else:
        yield Seen(name="memory", state="good", said=told)


def _available_memory() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        return None
    return None


def _clock(settings: Settings) -> Iterator[Seen]:
    """The clock cannot be asked whether it is right; what lies ahead of it says that it is wrong."""
    now = time.time()
    known = dt.datetime.combine(
        load_trust_pack().date, dt.time(), dt.UTC
    ).timestamp()  # when this release was made, at least
    files = [settings.home / name for name in (STORE_FILE, SERVICE_FILE)]
    newest = max([known, *(file.stat().st_mtime for file in files if file.exists())])
    told = dt.datetime.fromtimestamp(now, dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if newest > now + AHEAD_S:
        yield Seen(
            name="clock", state="fault",
            said=Words(f"the clock says {told}, which is before things that have happened", f"时钟显示 {told}，早于已经发生的事情"),
            deed=Words("set it: expiry, deadlines and records depend on it", "请校正时钟：到期、时限和记录都依赖它"),
        )  # fmt: skip
    else:
        yield Seen(name="clock", state="good", said=Words(f"the clock says {told}", f"时钟显示 {told}"))


def _stores(settings: Settings) -> Iterator[Seen]:
    for name, file, schema in (("database", STORE_FILE, LEDGER), ("service", SERVICE_FILE, SCHEMA)):
        if not settings.database and not (settings.home / file).is_file():
            continue
        engine = open_engine(settings.database or f"sqlite:///{(settings.home / file).absolute()}")
        try:
            begun = time.perf_counter()
            with guard(), engine.connect() as connection:
                revision = revision_of(connection, schema)
            took_ms = 1000 * (time.perf_counter() - begun)
        finally:
            engine.dispose()
        kind = engine.dialect.name
        if not revision:
            continue
        if revision == schema.revision:
            yield Seen(name=name, state="good", said=Words(f"{kind} answers in {took_ms:.0f} ms, tables at {revision}", f"{kind} 在 {took_ms:.0f} 毫秒内应答，表结构版本 {revision}"))  # fmt: skip
        else:
            yield Seen(
                name=name, state="warning", said=Words(f"tables of the {kind} are at {revision}, this release has {schema.revision}", f"{kind} 的表结构版本为 {revision}，本版本为 {schema.revision}"),
                deed=Words("back it up; the next command brings older tables forward, newer ones need the newer release", "请先备份；旧表会在下一条命令时升级，新表需使用更新的版本"),
            )  # fmt: skip


def _ledger(settings: Settings) -> Iterator[Seen]:
    if not settings.database and not (settings.home / STORE_FILE).is_file():
        yield Seen(name="ledger", state="note", said=Words("no ledger has been begun", "尚无账本"))
        return
    with existing_ledger(settings) as ledger:
        size = ledger.size
    yield Seen(
        name="ledger", state="good", said=Words(f"{size} entries, and the signed head fits the last of them", f"{size} 条记录，签名的头部与末条相符"),
        deed=Words("`brightline ledger verify` recomputes all of them", "`brightline ledger verify` 可重算全部记录"),
    )  # fmt: skip


def _trust(settings: Settings) -> Iterator[Seen]:
    pack = load_trust_pack(Path(settings.trust_list) if settings.trust_list else None)
    now = dt.datetime.now(dt.UTC).isoformat()
    age = pack.age_days(now)
    if pack.is_stale(now):
        yield Seen(
            name="trust list", state="warning", said=Words(f"the trust list `{pack.name}` is {age} days old, more than {STALE_AFTER_DAYS}", f"信任列表 `{pack.name}` 已有 {age} 天，超过 {STALE_AFTER_DAYS} 天"),
            deed=Words("get a newer one and set `trust_list`: until then signers count as unknown", "请取得新的列表并设置 `trust_list`：此前签名者视为未知"),
        )  # fmt: skip
    else:
        yield Seen(name="trust list", state="good", said=Words(f"`{pack.name}`, {age} days old", f"`{pack.name}`，{age} 天"))  # fmt: skip
    if settings.mark.signer_chain:
        yield _certificate(Path(settings.mark.signer_chain))


def _certificate(file: Path) -> Seen:
    from cryptography import x509

    ends = x509.load_pem_x509_certificates(file.read_bytes())[0].not_valid_after_utc
    days = (ends - dt.datetime.now(dt.UTC)).days
    state: State = "fault" if days < 0 else "warning" if days < CERTIFICATE_DAYS else "good"
    deed = Words("", "") if state == "good" else Words("get a new one: manifests by an expired signer do not verify", "请换发新证书：过期签名者的清单无法通过验证")  # fmt: skip
    return Seen(name="certificate", state=state, said=Words(f"the signer's certificate ends on {ends:%Y-%m-%d}", f"签名证书于 {ends:%Y-%m-%d} 到期"), deed=deed)  # fmt: skip


def _egress(settings: Settings) -> Iterator[Seen]:
    ways = [f"{name} {where}" for name, where in _ways_out(settings)]
    proxies = sorted(
        name for name in os.environ if name.lower() in {"http_proxy", "https_proxy", "all_proxy"}
    )
    if ways:
        names = "; ".join(ways)
        yield Seen(
            name="egress", state="note", said=Words(f"by these settings something may leave this machine: {names}", f"按以下设置，可能有内容离开本机：{names}"),
            deed=Words("unset what is not meant; a firewall should allow these and no more", "请取消非本意的设置；防火墙应仅放行这些"),
        )  # fmt: skip
    else:
        yield Seen(name="egress", state="good", said=Words("no setting lets anything leave this machine", "没有任何设置允许内容离开本机"))  # fmt: skip
    if proxies:
        yield Seen(name="egress", state="warning", said=Words(f"the environment names a proxy: {', '.join(proxies)}", f"环境变量中设有代理：{', '.join(proxies)}"), deed=Words("unset it for the user that runs Brightline", "请为运行 Brightline 的用户取消"))  # fmt: skip


def _ways_out(settings: Settings) -> Iterator[tuple[str, str]]:
    addresses = [(f"gateway.upstreams `{one.name}`", one.base_url) for one in settings.gateway.upstreams]
    addresses += [
        (f"gateway.guard_models `{one.name}`", one.base_url) for one in settings.gateway.guard_models
    ]
    addresses += [("database", settings.database), ("mark.timestamps", settings.mark.timestamps)]
    addresses += [("gateway.shared_limits", settings.gateway.shared_limits)]
    for name, address in addresses:
        host = urlsplit(address).hostname if address else None
        if host and not _is_loopback(host):
            yield name, host
    for name in ("egress", "fetch"):
        if getattr(settings.service, name):
            yield f"service.{name}", ""


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")


def _accelerator(_: Settings) -> Iterator[Seen]:
    import onnxruntime  # type: ignore[import-untyped]  # slow to load

    providers = [one for one in onnxruntime.get_available_providers() if one != "CPUExecutionProvider"]
    present = Path("/dev/nvidiactl").exists() or Path("/dev/kfd").exists()
    names = ", ".join(providers) or "-"
    told = "a GPU is here" if present else "no GPU is here"
    told_zh = "本机有 GPU" if present else "本机没有 GPU"
    yield Seen(name="accelerator", state="note", said=Words(f"{told}; ONNX Runtime beside the CPU: {names}", f"{told_zh}；ONNX Runtime 除 CPU 外：{names}"))  # fmt: skip


EXAMINATIONS: dict[str, Examination] = {
    "versions": _versions, "clock": _clock, "files": _files, "disk": _space, "database": _stores, "ledger": _ledger, "policies": _policies,
    "detectors": _detectors, "sandbox": _sandbox, "trust list": _trust, "egress": _egress, "accelerator": _accelerator,
}  # fmt: skip
