#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Write the modelled nodes next to this script: hwloc XML as lstopo would export it, invented from what is publicly
known of such nodes or to hold one trap each. None of them is an export of a machine; each says so in its info "Model".

usage: make_models.py"""
import pathlib
import re
from xml.sax.saxutils import quoteattr

GIB = 1 << 30
GEN4, GEN5 = 31.507692, 63.015385  # GB/s of 16 lanes


def mask(members):
    """A set as hwloc writes it: words of 32 bits, the highest first, and nothing for a word without bits."""
    number = sum(1 << m for m in set(members))
    words = []
    while number or not words:
        words.insert(0, number & 0xFFFFFFFF)
        number >>= 32
    return ",".join(f"0x{w:08x}" if w else "" for w in words[:-1]) + "," * (len(words) > 1) + (
        f"0x{words[-1]:08x}" if words[-1] else "0x0")


class Node:
    """One object; its sets are those of the processing units and NUMA nodes below it."""

    def __init__(self, kind, /, *children, infos=None, **attributes):
        self.kind, self.children, self.infos, self.attributes = kind, list(children), infos or {}, attributes

    def pus(self):
        own = [self.attributes["os_index"]] if self.kind == "PU" else []
        return own + [p for c in self.children for p in c.pus()]

    def memory(self):
        own = [self.attributes["os_index"]] if self.kind == "NUMANode" else []
        return own + [n for c in self.children for n in c.memory()]

    def lines(self, number, cpus, nodes, indent="  "):
        io = self.kind in ("Bridge", "PCIDev", "OSDev")
        attributes = {"type": self.kind, **self.attributes}
        if self.kind != "NUMANode":  # memory has the CPUs of its parent
            cpus = self.pus()
            nodes = self.memory() or nodes
        else:
            nodes = self.memory()
        if not io:
            for name, members in (("cpuset", cpus), ("nodeset", nodes)):
                attributes[name] = attributes["complete_" + name] = mask(members)
                if self.kind == "Machine":
                    attributes["allowed_" + name] = mask(members)
        attributes["gp_index"] = next(number)
        yield f"{indent}<object " + " ".join(f"{k}={quoteattr(str(v))}" for k, v in attributes.items()) + ">"
        for name, value in self.infos.items():
            yield f"{indent}  <info name={quoteattr(name)} value={quoteattr(str(value))}/>"
        for child in self.children:
            yield from child.lines(number, cpus, nodes, indent + "  ")
        yield f"{indent}</object>"


def numbers():
    number = 0
    while True:
        number += 1
        yield number


def write(name, title, latencies, *children, infos=None):
    facts = {"Model": title + "; written for tests, not an export of a machine", "Backend": "Model",
             "OSName": "Linux", "HostName": name, "hwlocVersion": "2.9.0", **(infos or {})}
    machine = Node("Machine", *children, infos=facts, os_index=0)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<!DOCTYPE topology SYSTEM "hwloc2.dtd">',
             "<!-- A model that make_models.py wrote. -->", '<topology version="2.0">']
    lines += machine.lines(numbers(), [], [])
    if latencies:
        nodes = sorted(set(machine.memory()))
        index = " ".join(map(str, nodes)) + " "
        lines.append(f'  <distances2 type="NUMANode" nbobjs="{len(nodes)}" kind="5" name="NUMALatency" indexing="os">')
        lines.append(f'    <indexes length="{len(index)}">{index}</indexes>')
        for a in nodes:
            row = " ".join(str(latencies(a, b)) for b in nodes) + " "
            lines.append(f'    <u64values length="{len(row)}">{row}</u64values>')
        lines.append("  </distances2>")
    lines.append("</topology>")
    text = re.sub(r"(<object [^\n]*[^/])>\n *</object>", r"\1/>", "\n".join(lines)) + "\n"
    (pathlib.Path(__file__).parent / f"{name}.xml").write_text(text)


def core(index, pus, caches=True):
    inner = Node("Core", *(Node("PU", os_index=p) for p in pus), os_index=index)
    if not caches:
        return inner
    l1 = Node("L1Cache", inner, cache_size=32768, depth=1, cache_linesize=64, cache_associativity=8, cache_type=1)
    return Node("L2Cache", l1, cache_size=524288, depth=2, cache_linesize=64, cache_associativity=8, cache_type=0)


def l3(*children, size=32 << 20):
    return Node("L3Cache", *children, cache_size=size, depth=3, cache_linesize=64, cache_associativity=16, cache_type=0)


def numa(index, size, subtype=None):
    more = {"subtype": subtype} if subtype else {}
    return Node("NUMANode", os_index=index, local_memory=size, **more)


def group(*children):
    return Node("Group", *children, kind=1001, subkind=0)


def host_bridge(first, last, *children):
    domain, bus = first.split(":")
    return Node("Bridge", *children, bridge_type="0-1", depth=0, bridge_pci=f"{domain}:[{bus}-{last}]")


def bridge(busid, first, last, *children, link=GEN4, device="1022:1483"):
    domain = busid.split(":")[0]
    return Node("Bridge", *children, bridge_type="1-1", depth=1, bridge_pci=f"{domain}:[{first}-{last}]",
                pci_busid=busid, pci_type=f"0604 [{device}] [0000:0000] 00", pci_link_speed=f"{link:.6f}")


def pci(busid, code, device, *children, link=GEN4):
    return Node("PCIDev", *children, pci_busid=busid, pci_type=f"{code} [{device}] [0000:0000] 00",
                pci_link_speed=f"{link:.6f}")


BLOCK, GPU, NET, OPENFABRICS, DMA, COPROC = range(6)


def os_device(name, kind, subtype=None, **infos):
    more = {"subtype": subtype} if subtype else {}
    return Node("OSDev", name=name, osdev_type=kind, infos=infos, **more)


def infiniband(busid, net, hca, active, link=GEN4):
    return pci(busid, "0207", "15b3:101b", os_device(net, NET, Port=1),
               os_device(hca, OPENFABRICS, Port1State=4 if active else 1), link=link)


def nvidia(busid, index, device="10de:20b0", link=GEN4):
    return pci(busid, "0302", device, os_device(f"cuda{index}", COPROC, "CUDA", GPUModel="NVIDIA A100-SXM4-40GB"),
               os_device(f"nvml{index}", GPU, "NVML", NVIDIAUUID=f"GPU-00000000-0000-0000-0000-{index:012d}"), link=link)


def perlmutter():
    """One EPYC 7763 in four NUMA nodes, in each a GPU and a Slingshot NIC; the management port hangs on the first."""
    places = [  # GPU, its bus, NIC, its bus, by NUMA node
        (3, "c1", "hsn0", "c2"), (2, "82", "hsn1", "83"), (1, "41", "hsn2", "42"), (0, "03", "hsn3", "04")]
    groups = []
    for n, (gpu, gpu_bus, nic, nic_bus) in enumerate(places):
        first = 16 * n
        caches = [l3(*(core(c, (c, c + 64)) for c in range(first + 8 * half, first + 8 * half + 8))) for half in (0, 1)]
        root = f"{int(gpu_bus, 16) & 0xE0:02x}"
        nic_device = pci(f"0000:{nic_bus}:00.0", "0200", "17db:0501", os_device(nic, NET, Address=f"02:00:00:00:00:{n:02x}"))
        below = [bridge(f"0000:{root}:01.1", gpu_bus, gpu_bus, nvidia(f"0000:{gpu_bus}:00.0", gpu)),
                 bridge(f"0000:{root}:03.1", nic_bus, nic_bus, nic_device)]
        io = [host_bridge(f"0000:{root}", nic_bus, *below)]
        if n == 0:
            port = pci("0000:e4:00.0", "0200", "8086:1533", os_device("nmn0", NET), link=0.25)
            io.append(host_bridge("0000:e0", "e4", bridge("0000:e0:05.1", "e4", "e4", port, link=0.25)))
        groups.append(group(numa(n, 64 * GIB), *caches, *io))
    write("perlmutter-gpu", "a GPU node of Perlmutter as NERSC documents it, PCI numbers invented",
          lambda a, b: 10 if a == b else 12, Node("Package", *groups, os_index=0))


def laptop():
    """Cores of two kinds, graphics for the screen only, wireless network, a tunnel without a PCI device."""
    fast = [core(c, (2 * c, 2 * c + 1)) for c in range(4)]
    small = [core(4 + c, (8 + c,)) for c in range(4)]
    package = Node("Package", l3(*fast, *small, size=12 << 20), os_index=0)
    io = host_bridge(
        "0000:00", "03",
        pci("0000:00:02.0", "0300", "8086:46a6", os_device("card0", GPU), link=0),
        bridge("0000:00:06.0", "01", "01", pci("0000:01:00.0", "0108", "144d:a80a", os_device("nvme0n1", BLOCK)), link=7.876923),
        pci("0000:00:14.3", "0280", "8086:51f0", os_device("wlp0s20f3", NET, OperState="up"), link=0))
    write("laptop", "a laptop", None, numa(0, 16 * GIB), package, io, os_device("wg0", NET))


def two_socket():
    packages = []
    for p in range(2):
        cores = [core(c, (c, c + 16)) for c in range(8 * p, 8 * p + 8)]
        io = [host_bridge("0000:00", "02", pci("0000:00:17.0", "0106", "8086:a182", link=0),
                          bridge("0000:00:1c.0", "02", "02", pci("0000:02:00.0", "0300", "1a03:2000", link=0)))] if p == 0 else []
        packages.append(Node("Package", numa(p, 96 * GIB), l3(*cores), *io, os_index=p))
    write("two-socket", "a node of two packages without a network adapter", lambda a, b: 10 if a == b else 21, *packages)


def mi300a():
    """Four APUs of 24 cores; each GPU is in six partitions; PCI domains above 0."""
    packages = []
    for p in range(4):
        chips = [l3(*(core(c, (c, c + 96), False) for c in range(24 * p + 8 * k, 24 * p + 8 * k + 8))) for k in range(3)]
        names = [os_device(f"rsmi{6 * p + k}", GPU, "RSMI", GPUModel="AMD INSTINCT MI300A",
                           AMDUUID=f"{(p << 4) + k + 1:x}") for k in range(6)]
        io = [host_bridge(f"000{p}:00", "01", bridge(f"000{p}:00:01.1", "01", "01",
                                                    pci(f"000{p}:01:00.0", "1200", "1002:74a0", *names, link=GEN5))),
              host_bridge(f"000{p}:02", "02", pci(f"000{p}:02:00.0", "0200", "17db:0501", os_device(f"hsi{p}", NET)))]
        packages.append(Node("Package", numa(p, 128 * GIB), *chips, *io, os_index=p))
    write("mi300a-partitions", "a node of four MI300A with their GPUs in six partitions each",
          lambda a, b: 10 if a == b else 32, *packages)


def high_bandwidth():
    """Two packages in four NUMA domains each, every one with ordinary and high-bandwidth memory; one NIC."""
    packages = []
    for p in range(2):
        groups = []
        for d in range(4):
            n = 4 * p + d
            cores = [core(c, (c, c + 64), False) for c in range(8 * n, 8 * n + 8)]
            io = [host_bridge("0000:a0", "a1", bridge("0000:a0:01.0", "a1", "a1",
                                                      infiniband("0000:a1:00.0", "ib0", "mlx5_0", True)))] if n == 6 else []
            groups.append(group(numa(n, 32 * GIB), numa(8 + n, 16 * GIB, "HBM"), *cores, *io))
        packages.append(Node("Package", *groups, os_index=p))

    def latency(a, b):
        near = 10 if a % 8 == b % 8 else 12 if a % 8 // 4 == b % 8 // 4 else 21
        return near if a < 8 or a == b else near + 3

    write("high-bandwidth", "a node with high-bandwidth memory beside ordinary memory", latency, *packages)


def ports_down():
    """Two packages, two NUMA domains each; of four InfiniBand ports one is up; a management port is nearer by links."""
    packages = []
    for p in range(2):
        groups = []
        for d in range(2):
            n = 2 * p + d
            cores = [core(c, (c,), False) for c in range(8 * n, 8 * n + 8)]
            root, bus = f"{0x20 * n + 0x10:02x}", [f"{0x20 * n + 0x11 + i:02x}" for i in range(4)]
            switch = bridge(f"0000:{root}:01.0", bus[0], bus[3], bridge(
                f"0000:{bus[0]}:00.0", bus[1], bus[3],
                bridge(f"0000:{bus[1]}:00.0", bus[2], bus[2], infiniband(f"0000:{bus[2]}:00.0", f"ib{n}", f"mlx5_{n}", n == 3)),
                bridge(f"0000:{bus[1]}:01.0", bus[3], bus[3], nvidia(f"0000:{bus[3]}:00.0", n, "10de:2330"))))
            io = [host_bridge(f"0000:{root}", bus[3], switch)]
            if n == 0:
                io.append(host_bridge("0000:00", "00", pci("0000:00:05.0", "0200", "8086:1533", os_device("eno1", NET, OperState="up"), link=0.25)))
            groups.append(group(numa(n, 128 * GIB), *cores, *io))
        packages.append(Node("Package", *groups, os_index=p))
    write("ports-down", "a GPU node on which one InfiniBand port of four is up",
          lambda a, b: 10 if a == b else 12 if a // 2 == b // 2 else 21, *packages)


def unplaced():
    """Two packages, and a firmware that does not say where its devices hang; network interfaces without devices."""
    packages = [Node("Package", numa(p, 64 * GIB), *(core(c, (c,), False) for c in range(8 * p, 8 * p + 8)), os_index=p)
                for p in range(2)]
    io = host_bridge("0000:00", "02",
                     bridge("0000:00:01.0", "01", "01", infiniband("0000:01:00.0", "ib0", "mlx5_0", True)),
                     bridge("0000:00:02.0", "02", "02", nvidia("0000:02:00.0", 0)))
    write("unplaced-devices", "a node whose firmware does not say where devices hang",
          lambda a, b: 10 if a == b else 21, *packages, io, os_device("bond0", NET, OperState="up"),
          os_device("hsnb0:chn", NET))


if __name__ == "__main__":
    for model in (perlmutter, laptop, two_socket, mi300a, high_bandwidth, ports_down, unplaced):
        model()
