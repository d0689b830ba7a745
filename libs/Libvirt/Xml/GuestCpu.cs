using System.Xml.Linq;
using static Kilonova.Libvirt.Xml.Markup;

namespace Kilonova.Libvirt.Xml;

/// <summary>The virtual CPU (<c>&lt;cpu&gt;</c>).</summary>
public sealed record GuestCpu
{
    /// <summary>
    /// <c>host-model</c>, <c>host-passthrough</c>, <c>maximum</c>, <c>custom</c> (with <see cref="Model"/>); null for the
    /// hypervisor's default with a topology.
    /// </summary>
    public string? Mode { get; init; }

    /// <summary><c>exact</c>, <c>minimum</c>, <c>strict</c>.</summary>
    public string? Match { get; init; }

    /// <summary>How libvirt checks the model: <c>none</c>, <c>partial</c>, <c>full</c>.</summary>
    public string? Check { get; init; }

    /// <summary>With <c>host-passthrough</c> and <c>maximum</c>: leave out what cannot migrate.</summary>
    public bool? Migratable { get; init; }

    /// <summary>Named model.</summary>
    public string? Model { get; init; }

    /// <summary>Whether another model may be taken instead: <c>allow</c>, <c>forbid</c>.</summary>
    public string? Fallback { get; init; }

    /// <summary>Vendor that the host must have.</summary>
    public string? Vendor { get; init; }

    /// <summary>Topology; its product is the number of virtual CPUs.</summary>
    public GuestCpuTopology? Topology { get; init; }

    /// <summary>Features on top of the model.</summary>
    public IReadOnlyList<CpuFeature> Features { get; init; } = [];

    /// <summary>NUMA cells of the guest.</summary>
    public IReadOnlyList<GuestNumaCell> Cells { get; init; } = [];

    internal XElement ToXml() => new(
        "cpu",
        Attribute("mode", Mode), Attribute("match", Match), Attribute("check", Check), OnOff("migratable", Migratable),
        Model is null ? null : new XElement("model", Attribute("fallback", Fallback), Model),
        Element("vendor", Vendor),
        Topology is not { } t ? null : new XElement(
            "topology", Attribute("sockets", t.Sockets), Attribute("dies", t.Dies), Attribute("cores", t.Cores), Attribute("threads", t.Threads)),
        Features.Select(feature => new XElement("feature", Attribute("policy", feature.Policy), Attribute("name", feature.Name))),
        Cells.Count == 0 ? null : new XElement("numa", Cells.Select(cell => cell.ToXml())));

    internal static GuestCpu? Read(XElement? cpu) => cpu is null ? null : new GuestCpu
    {
        Mode = cpu.Text("mode"),
        Match = cpu.Text("match"),
        Check = cpu.Text("check"),
        Migratable = cpu.Flag("migratable"),
        Model = cpu.Child("model"),
        Fallback = cpu.Element("model")?.Text("fallback"),
        Vendor = cpu.Child("vendor"),
        Topology = cpu.Element("topology") is { } t
            ? new GuestCpuTopology(t.Number("sockets") ?? 1, t.Number("cores") ?? 1, t.Number("threads") ?? 1, t.Number("dies"))
            : null,
        Features = cpu.List("feature", feature => new CpuFeature(feature.Text("name") ?? "", feature.Text("policy") ?? "require")),
        Cells = cpu.Element("numa").List("cell", GuestNumaCell.Read),
    };
}

/// <summary>Topology of the virtual CPU.</summary>
/// <param name="Sockets">Sockets.</param>
/// <param name="Cores">Cores per die.</param>
/// <param name="Threads">Threads per core.</param>
/// <param name="Dies">Dies per socket; null is 1.</param>
public sealed record GuestCpuTopology(int Sockets, int Cores, int Threads, int? Dies = null);

/// <summary>A CPU feature.</summary>
/// <param name="Name">Name.</param>
/// <param name="Policy"><c>require</c>, <c>disable</c>, <c>force</c>, <c>optional</c>, <c>forbid</c>.</param>
public sealed record CpuFeature(string Name, string Policy = "require");

/// <summary>A NUMA cell of the guest.</summary>
/// <param name="Id">Number.</param>
/// <param name="Cpus">Virtual CPUs, as a CPU list.</param>
/// <param name="MemoryKiB">Memory, KiB.</param>
/// <param name="MemoryAccess"><c>shared</c>, <c>private</c>; null is the default.</param>
public sealed record GuestNumaCell(int Id, string Cpus, long MemoryKiB, string? MemoryAccess = null)
{
    internal XElement ToXml() => new(
        "cell", Attribute("id", Id), Attribute("cpus", Cpus), Attribute("memory", MemoryKiB), Attribute("unit", "KiB"),
        Attribute("memAccess", MemoryAccess));

    internal static GuestNumaCell Read(XElement cell)
    {
        var memory = new XElement("memory", Attribute("unit", cell.Text("unit")), cell.Text("memory") ?? "0");
        return new GuestNumaCell(cell.Number("id") ?? 0, cell.Text("cpus") ?? "", memory.KiB() ?? 0, cell.Text("memAccess"));
    }
}
