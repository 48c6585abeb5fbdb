"""Parts that the tests of marking share: files that carry every mark that their format can hold, keys, orders."""

import io
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives import serialization

import marks
import signing
from brightline.marking.inventory import Inventory, open_subject_at, take_inventory
from brightline.marking.order import Order
from brightline.marking.plan import Regime, Statement
from brightline.marking.samples import SUFFIXES, sample
from brightline.marking.write import mark_file
from brightline.settings import MarkSetting, Settings
from brightline.watermark.keyring import FILE_NAME, Keyring

PRODUCER, PROPAGATOR = marks.PRODUCER, marks.PROPAGATOR
LAWS = (Regime.CN, Regime.EU, Regime.US)


def settings_in(folder: Path) -> Settings:
    """Settings with a signer and a watermark key of the tests' own."""
    folder.mkdir(parents=True, exist_ok=True)
    identity = signing.signer()
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_text(identity.chain_pem)
    key.write_bytes(
        identity.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    key.chmod(0o600)
    Keyring().with_new("tests").save(folder / FILE_NAME)
    return Settings(home=folder, jobs=1, mark=MarkSetting(signer_chain=str(chain), signer_key=str(key)))


def order(statement: Statement = Statement.GENERATED, regimes=(Regime.CN,), **changes) -> Order:
    """An order of the tests' own producer or platform."""
    values = {"producer": PRODUCER, "propagator": PROPAGATOR, "system": "Example Painter 2.1"} | changes
    return Order(statement=statement, regimes=tuple(regimes), **values)


@cache
def plain(kind) -> bytes:
    """A plain sample."""
    return sample(kind)


def plain_file(folder: Path, kind) -> Path:
    """A plain sample as a file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"plain{SUFFIXES[kind]}"
    path.write_bytes(plain(kind))
    return path


def inventory(path: Path, settings: Settings) -> Inventory:
    """Every mark of a file."""
    return take_inventory(open_subject_at(path, settings), settings)


def marked_file(folder: Path, kind, settings: Settings, regimes=LAWS, **changes) -> Path:
    """A sample with every mark that laws ask for and its format can hold."""
    source = plain_file(folder, kind)
    target = folder / f"marked{SUFFIXES[kind]}"
    mark_file(source, target, order(regimes=regimes, **changes), settings)
    return target


def picture_bytes(image, format_name: str, **options) -> bytes:
    """A Pillow image as a file."""
    out = io.BytesIO()
    image.save(out, format_name, **options)
    return out.getvalue()
