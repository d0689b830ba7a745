using System.Xml.Linq;
using static Kilonova.Libvirt.Xml.Markup;

namespace Kilonova.Libvirt.Xml;

/// <summary>Where the memory comes from (<c>&lt;memoryBacking&gt;</c>).</summary>
public sealed record MemoryBacking
{
    /// <summary>Huge pages; empty with <see cref="UseHugePages"/> is the host's default size.</summary>
    public IReadOnlyList<HugePage> HugePages { get; init; } = [];

    /// <summary>Whether memory is in huge pages.</summary>
    public bool UseHugePages { get; init; }

    /// <summary>Whether the host may not merge its pages (KSM).</summary>
    public bool NoSharePages { get; init; }

    /// <summary>Whether its pages stay in memory.</summary>
    public bool Locked { get; init; }

    /// <summary><c>anonymous</c>, <c>file</c>, <c>memfd</c>.</summary>
    public string? SourceType { get; init; }

    /// <summary><c>shared</c> or <c>private</c>.</summary>
    public string? Access { get; init; }

    /// <summary><c>immediate</c> or <c>ondemand</c>.</summary>
    public string? Allocation { get; init; }

    internal XElement ToXml() => new(
        "memoryBacking",
        UseHugePages || HugePages.Count > 0 ? new XElement("hugepages", HugePages.Select(page => page.ToXml())) : null,
        Present("nosharepages", NoSharePages),
        Present("locked", Locked),
        IfAny("source", Attribute("type", SourceType)),
        IfAny("access", Attribute("mode", Access)),
        IfAny("allocation", Attribute("mode", Allocation)));

    internal static MemoryBacking? Read(XElement? backing) => backing is null ? null : new MemoryBacking
    {
        UseHugePages = backing.Element("hugepages") is not null,
        HugePages = backing.Element("hugepages").List("page", HugePage.Read),
        NoSharePages = backing.Element("nosharepages") is not null,
        Locked = backing.Element("locked") is not null,
        SourceType = backing.Element("source")?.Text("type"),
        Access = backing.Element("access")?.Text("mode"),
        Allocation = backing.Element("allocation")?.Text("mode"),
    };
}

/// <summary>Huge pages of one size for some guest cells.</summary>
/// <param name="SizeKiB">Size, KiB.</param>
/// <param name="NodeSet">Guest NUMA cells; null is all.</param>
public sealed record HugePage(long SizeKiB, string? NodeSet = null)
{
    internal XElement ToXml() => new("page", Attribute("size", SizeKiB), Attribute("unit", "KiB"), Attribute("nodeset", NodeSet));

    internal static HugePage Read(XElement page)
    {
        var size = new XElement("size", Attribute("unit", page.Text("unit")), page.Text("size") ?? "0");
        return new HugePage(size.KiB() ?? 0, page.Text("nodeset"));
    }
}

/// <summary>Limits of memory, KiB (<c>&lt;memtune&gt;</c>).</summary>
public sealed record MemoryTune
{
    /// <summary>Most memory, QEMU's own included.</summary>
    public long? HardLimitKiB { get; init; }

    /// <summary>Limit under memory pressure.</summary>
    public long? SoftLimitKiB { get; init; }

    /// <summary>Most memory and swap together.</summary>
    public long? SwapHardLimitKiB { get; init; }

    internal XElement ToXml() => new(
        "memtune",
        HardLimitKiB is { } hard ? KiB("hard_limit", hard) : null,
        SoftLimitKiB is { } soft ? KiB("soft_limit", soft) : null,
        SwapHardLimitKiB is { } swap ? KiB("swap_hard_limit", swap) : null);

    internal static MemoryTune? Read(XElement? tune) => tune is null ? null : new MemoryTune
    {
        HardLimitKiB = tune.Element("hard_limit").KiB(),
        SoftLimitKiB = tune.Element("soft_limit").KiB(),
        SwapHardLimitKiB = tune.Element("swap_hard_limit").KiB(),
    };
}

/// <summary>NUMA placement of memory (<c>&lt;numatune&gt;</c>).</summary>
public sealed record NumaTune
{
    /// <summary><c>strict</c>, <c>preferred</c>, <c>interleave</c>, <c>restrictive</c>.</summary>
    public string Mode { get; init; } = "strict";

    /// <summary>Host cells.</summary>
    public required string NodeSet { get; init; }

    /// <summary>Placement of guest cells.</summary>
    public IReadOnlyList<NumaMemoryNode> Nodes { get; init; } = [];

    internal XElement ToXml() => new(
        "numatune",
        new XElement("memory", Attribute("mode", Mode), Attribute("nodeset", NodeSet)),
        Nodes.Select(node => new XElement(
            "memnode", Attribute("cellid", node.Cell), Attribute("mode", node.Mode), Attribute("nodeset", node.NodeSet))));

    internal static NumaTune? Read(XElement? tune) => tune is null ? null : new NumaTune
    {
        Mode = tune.Element("memory")?.Text("mode") ?? "strict",
        NodeSet = tune.Element("memory")?.Text("nodeset") ?? "",
        Nodes = tune.List("memnode", node => new NumaMemoryNode(
            node.Number("cellid") ?? 0, node.Text("nodeset") ?? "", node.Text("mode") ?? "strict")),
    };
}

/// <summary>Placement of one guest cell.</summary>
/// <param name="Cell">Guest cell.</param>
/// <param name="NodeSet">Host cells.</param>
/// <param name="Mode">As in <see cref="NumaTune.Mode"/>.</param>
public sealed record NumaMemoryNode(int Cell, string NodeSet, string Mode = "strict");
