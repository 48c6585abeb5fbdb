"""Which carrier writes which kind. One line a format; a kind that is not here is a kind we do not mark."""

from types import MappingProxyType

from brightline.carriers import isobmff_write
from brightline.carriers.writing import Write
from brightline.core.subject import Kind

WRITERS: MappingProxyType[Kind, Write] = MappingProxyType(
    {
        Kind.MP4: isobmff_write.write,
        Kind.MOV: isobmff_write.write,
        Kind.M4A: isobmff_write.write,
    }
)
