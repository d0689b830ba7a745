using System.Xml.Linq;
using Kilonova.Libvirt.Xml;

namespace Kilonova.Libvirt.Host;

/// <summary>What the host is and what it can run (<c>&lt;capabilities&gt;</c>).</summary>
public sealed record HostCapabilities
{
    /// <summary>libvirt's host UUID. It can differ from one start of the daemon to the next: no identity.</summary>
    public Guid? HostUuid { get; init; }

    /// <summary>The host CPU.</summary>
    public required HostCpu Cpu { get; init; }

    /// <summary>NUMA cells; empty if the daemon cannot see them.</summary>
    public required IReadOnlyList<NumaCell> Cells { get; init; }

    /// <summary>Security drivers with their DOI (<c>apparmor</c>, <c>dac</c>).</summary>
    public required IReadOnlyList<string> SecurityModels { get; init; }

    /// <summary>What kinds of guests run here.</summary>
    public required IReadOnlyList<GuestCapabilities> Guests { get; init; }

    /// <summary>Whether live migration is known to the driver.</summary>
    public bool LiveMigration { get; init; }

    /// <summary>URI transports of migration (<c>tcp</c>, <c>rdma</c>).</summary>
    public required IReadOnlyList<string> MigrationTransports { get; init; }

    /// <summary>Reads libvirt's document.</summary>
    /// <exception cref="FormatException">It is not a capabilities document.</exception>
    public static HostCapabilities Parse(string xml)
    {
        var root = XmlReading.Root(xml, "capabilities");
        var host = root.Element("host") ?? throw new FormatException("<capabilities> without <host>");
        var migration = host.Element("migration_features");
        return new HostCapabilities
        {
            HostUuid = Guid.TryParse(host.Child("uuid"), out var uuid) ? uuid : null,
            Cpu = HostCpu.Read(host.Element("cpu") ?? throw new FormatException("<host> without <cpu>")),
            Cells = host.Element("topology")?.Element("cells").List("cell", NumaCell.Read) ?? [],
            SecurityModels = host.List("secmodel", model => model.Child("model") ?? ""),
            Guests = root.List("guest", GuestCapabilities.Read),
            LiveMigration = migration?.Element("live") is not null,
            MigrationTransports = migration?.Element("uri_transports").List("uri_transport", e => e.Value) ?? [],
        };
    }
}

/// <summary>The host CPU as libvirt names it.</summary>
/// <param name="Architecture">Architecture (<c>x86_64</c>).</param>
/// <param name="Model">Nearest named model; null where libvirt knows none.</param>
/// <param name="Vendor">Vendor.</param>
/// <param name="Microcode">Version of the microcode.</param>
/// <param name="Topology">Sockets, dies, cores, threads; null if not reported.</param>
/// <param name="Features">Features that the CPU has beyond the model.</param>
/// <param name="PageSizesKiB">Page sizes that the CPU can map, KiB.</param>
public sealed record HostCpu(
    string Architecture, string? Model, string? Vendor, string? Microcode, HostCpuTopology? Topology,
    IReadOnlyList<string> Features, IReadOnlyList<long> PageSizesKiB)
{
    internal static HostCpu Read(XElement cpu) => new(
        cpu.Child("arch") ?? "", cpu.Child("model"), cpu.Child("vendor"), cpu.Element("microcode")?.Text("version"),
        cpu.Element("topology") is { } t
            ? new HostCpuTopology(t.Number("sockets") ?? 1, t.Number("dies") ?? 1, t.Number("cores") ?? 1, t.Number("threads") ?? 1)
            : null,
        cpu.List("feature", feature => feature.Text("name") ?? ""),
        cpu.List("pages", pages => pages.LongNumber("size") ?? 0));
}

/// <summary>Topology of the host CPU.</summary>
/// <param name="Sockets">Sockets (per NUMA cell, as libvirt counts).</param>
/// <param name="Dies">Dies per socket.</param>
/// <param name="Cores">Cores per die.</param>
/// <param name="Threads">Threads per core.</param>
public sealed record HostCpuTopology(int Sockets, int Dies, int Cores, int Threads);

/// <summary>A NUMA cell of the host.</summary>
/// <param name="Id">Number.</param>
/// <param name="MemoryKiB">Memory, KiB.</param>
/// <param name="Pages">Pages by size: 4 KiB pages are those outside the huge page pools.</param>
/// <param name="Distances">Distance to each cell; 10 is to itself.</param>
/// <param name="Cpus">CPUs.</param>
public sealed record NumaCell(
    int Id, long MemoryKiB, IReadOnlyList<PageCount> Pages, IReadOnlyList<CellDistance> Distances, IReadOnlyList<HostCpuThread> Cpus)
{
    internal static NumaCell Read(XElement cell) => new(
        cell.Number("id") ?? 0,
        cell.Element("memory").KiB() ?? 0,
        cell.List("pages", pages => new PageCount(
            pages.LongNumber("size") ?? 0, long.Parse(pages.Value, System.Globalization.CultureInfo.InvariantCulture))),
        cell.Element("distances").List("sibling", d => new CellDistance(d.Number("id") ?? 0, d.Number("value") ?? 0)),
        cell.Element("cpus").List("cpu", HostCpuThread.Read));
}

/// <summary>How many pages of a size a cell has.</summary>
/// <param name="SizeKiB">Size, KiB.</param>
/// <param name="Count">Pages, free and used.</param>
public sealed record PageCount(long SizeKiB, long Count);

/// <summary>Distance to a cell.</summary>
/// <param name="Cell">The other cell.</param>
/// <param name="Value">Distance as in the ACPI SLIT: 10 is to itself.</param>
public sealed record CellDistance(int Cell, int Value);

/// <summary>A CPU (hardware thread) of the host. Place is null for one that is offline.</summary>
/// <param name="Id">Number, as the kernel counts.</param>
/// <param name="Socket">Socket.</param>
/// <param name="Die">Die.</param>
/// <param name="Core">Core, unique within a socket.</param>
/// <param name="Siblings">Threads of the same core, itself included.</param>
public sealed record HostCpuThread(int Id, int? Socket, int? Die, int? Core, IReadOnlyList<int> Siblings)
{
    internal static HostCpuThread Read(XElement cpu)
    {
        var id = cpu.Number("id") ?? 0;
        return new HostCpuThread(
            id, cpu.Number("socket_id"), cpu.Number("die_id"), cpu.Number("core_id"),
            cpu.Text("siblings") is { Length: > 0 } siblings ? CpuList.Parse(siblings) : [id]);
    }
}

/// <summary>A kind of guest that the host can run.</summary>
/// <param name="OsType">OS type (<c>hvm</c>).</param>
/// <param name="Architecture">Architecture (<c>x86_64</c>).</param>
/// <param name="WordSize">Bits.</param>
/// <param name="Emulator">Program that runs it.</param>
/// <param name="Machines">Machine types.</param>
/// <param name="DomainTypes">Hypervisors (<c>qemu</c>, <c>kvm</c>).</param>
public sealed record GuestCapabilities(
    string OsType, string Architecture, int WordSize, string? Emulator, IReadOnlyList<MachineType> Machines,
    IReadOnlyList<string> DomainTypes)
{
    internal static GuestCapabilities Read(XElement guest)
    {
        var arch = guest.Element("arch") ?? throw new FormatException("<guest> without <arch>");
        return new GuestCapabilities(
            guest.Child("os_type") ?? "", arch.Text("name") ?? "", arch.ChildNumber("wordsize") ?? 0, arch.Child("emulator"),
            arch.List("machine", m => new MachineType(m.Value.Trim(), m.Text("canonical"), m.Number("maxCpus"))),
            arch.List("domain", domain => domain.Text("type") ?? ""));
    }
}

/// <summary>A machine type.</summary>
/// <param name="Name">Name, which may be an alias (<c>q35</c>).</param>
/// <param name="Canonical">What the alias stands for (<c>pc-q35-7.2</c>); null if it is no alias.</param>
/// <param name="MaxCpus">Most virtual CPUs.</param>
public sealed record MachineType(string Name, string? Canonical, int? MaxCpus);
