"""Ethernet frames made by hand: what no socket of a decent program would send."""

import ipaddress
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

TCP, UDP, ICMP, ICMP_V6 = 6, 17, 1, 58
FIN, SYN, RST, PSH, ACK, URG = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
# Beginnings, answers to nothing, and what confuses filters.
FLAGS = (SYN, ACK, SYN | ACK, FIN, 0, FIN | PSH | URG, SYN | FIN, RST, SYN | RST)
PORTS = range(1, 65_536)
_HOPS = 64
_ETHERNET_AND_IP = 34


@dataclass(frozen=True, slots=True)
class Way:
    """From one address to another, over the machine that ``to_mac`` names."""

    from_mac: str
    to_mac: str
    source: str
    target: str

    @property
    def is_v6(self) -> bool:
        """Whether it is IPv6."""
        return ":" in self.target

    def frame(self, protocol: int, payload: bytes, fragment: int = 0) -> bytes:
        """Return a frame; ``fragment`` is what IPv4 writes of flags and offset."""
        ends = _packed(self.source) + _packed(self.target)
        if self.is_v6:
            head = struct.pack("!IHBB", 6 << 28, len(payload), protocol, _HOPS) + ends
        else:
            length = 20 + len(payload)
            head = struct.pack("!BBHHHBBH", 0x45, 0, length, 7, fragment, _HOPS, protocol, 0)
            head += ends
            head = head[:10] + struct.pack("!H", checksum(_sum(head))) + head[12:]
        kind = b"\x86\xdd" if self.is_v6 else b"\x08\x00"
        return _mac(self.to_mac) + _mac(self.from_mac) + kind + head + payload

    def tcp(self, ports: Sequence[int], from_port: int, flags: int) -> Iterator[bytes]:
        """Yield one TCP segment without data for each port; they differ in two numbers."""
        begun = struct.pack("!HHIIBBHHH", from_port, 0, 1_000, 0, 5 << 4, flags, 65_535, 0, 0)
        return self._each(TCP, begun, ports, 16)

    def udp(self, ports: Sequence[int], from_port: int) -> Iterator[bytes]:
        """Yield one datagram of eight bytes for each port."""
        return self._each(UDP, struct.pack("!HHHH", from_port, 0, 16, 0) + b"knocking", ports, 6)

    def echo(self) -> bytes:
        """Return a ping."""
        begun = struct.pack("!BBHHH", 128 if self.is_v6 else 8, 0, 0, 1, 1) + b"knocking"
        total = _sum(begun) + (self._pseudo(ICMP_V6, len(begun)) if self.is_v6 else 0)
        payload = begun[:2] + struct.pack("!H", checksum(total)) + begun[4:]
        return self.frame(ICMP_V6 if self.is_v6 else ICMP, payload)

    def torn(self, port: int, from_port: int) -> tuple[bytes, bytes]:
        """Return a SYN in two pieces, its flags in the second: IPv4 only."""
        whole = next(self.tcp((port,), from_port, SYN))[_ETHERNET_AND_IP:]
        return self.frame(TCP, whole[:8], 0x2000), self.frame(TCP, whole[8:], 1)

    def _each(self, protocol: int, begun: bytes, ports: Sequence[int], at: int) -> Iterator[bytes]:
        empty = self.frame(protocol, begun)
        start = len(empty) - len(begun)
        total = _sum(begun) + self._pseudo(protocol, len(begun))
        for port in ports:
            frame = bytearray(empty)
            struct.pack_into("!H", frame, start + 2, port)
            struct.pack_into("!H", frame, start + at, checksum(total + port))
            yield bytes(frame)

    def _pseudo(self, protocol: int, length: int) -> int:
        return _sum(_packed(self.source) + _packed(self.target)) + protocol + length


def checksum(total: int) -> int:
    """Return the Internet checksum of a sum of 16-bit words."""
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _sum(data: bytes) -> int:
    return sum(struct.unpack(f"!{len(data) // 2}H", data))


def _packed(address: str) -> bytes:
    return ipaddress.ip_address(address).packed


def _mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))
