using System.Globalization;

namespace Kilonova.Libvirt.Domains;

/// <summary>Figures of a domain, by libvirt's names in <see cref="Values"/> and typed for the common ones. Absent figures are null.</summary>
/// <param name="Domain">The domain.</param>
/// <param name="Values">All figures as libvirt names them, such as <c>block.0.rd.bytes</c>.</param>
public sealed record DomainStats(DomainIdentity Domain, IReadOnlyDictionary<string, TypedValue> Values)
{
    /// <summary>State.</summary>
    public DomainState? State => (DomainState?)Number("state.state");

    /// <summary>Why it is in that state; see <see cref="StateReason"/>.</summary>
    public int? Reason => (int?)Number("state.reason");

    /// <summary>CPU time since its start, ns.</summary>
    public long? CpuTimeNanoseconds => Number("cpu.time");

    /// <summary>Memory that the guest has, KiB.</summary>
    public long? MemoryKiB => Number("balloon.current");

    /// <summary>Memory that the guest may have, KiB.</summary>
    public long? MaxMemoryKiB => Number("balloon.maximum");

    /// <summary>Resident memory of the QEMU process, KiB.</summary>
    public long? ResidentKiB => Number("balloon.rss");

    /// <summary>Memory that the guest leaves unused, KiB; only with a balloon driver in the guest.</summary>
    public long? UnusedKiB => Number("balloon.unused");

    /// <summary>Memory that the guest could give to programs without swapping, KiB; only with a balloon driver in the guest.</summary>
    public long? UsableKiB => Number("balloon.usable");

    /// <summary>Virtual CPUs.</summary>
    public int? VirtualCpus => (int?)Number("vcpu.current");

    /// <summary>Disks, in libvirt's order.</summary>
    public IReadOnlyList<BlockStats> Blocks => Each("block", prefix => new BlockStats(
        Text(prefix + "name") ?? "", Text(prefix + "path"),
        Number(prefix + "rd.reqs"), Number(prefix + "rd.bytes"), Number(prefix + "rd.times"),
        Number(prefix + "wr.reqs"), Number(prefix + "wr.bytes"), Number(prefix + "wr.times"),
        Number(prefix + "errors"), Number(prefix + "allocation"), Number(prefix + "capacity"), Number(prefix + "physical")));

    /// <summary>Network interfaces, in libvirt's order.</summary>
    public IReadOnlyList<InterfaceStats> Interfaces => Each("net", prefix => new InterfaceStats(
        Text(prefix + "name") ?? "",
        Number(prefix + "rx.bytes"), Number(prefix + "rx.pkts"), Number(prefix + "rx.errs"), Number(prefix + "rx.drop"),
        Number(prefix + "tx.bytes"), Number(prefix + "tx.pkts"), Number(prefix + "tx.errs"), Number(prefix + "tx.drop")));

    /// <summary>A number by libvirt's name; null if libvirt did not deliver it.</summary>
    public long? Number(string name) => Values.TryGetValue(name, out var value) ? value.AsInt64 : null;

    private string? Text(string name) => Values.TryGetValue(name, out var value) ? value.AsString : null;

    private T[] Each<T>(string group, Func<string, T> read)
    {
        var items = new T[(int)(Number(group + ".count") ?? 0)];
        for (var i = 0; i < items.Length; i++)
            items[i] = read(string.Create(CultureInfo.InvariantCulture, $"{group}.{i}."));
        return items;
    }
}

/// <summary>Figures of a disk since the domain's start; sizes in bytes, times in ns.</summary>
/// <param name="Name">Device name in the guest's XML (<c>vda</c>).</param>
/// <param name="Path">File or device on the host.</param>
/// <param name="ReadRequests">Reads.</param>
/// <param name="ReadBytes">Bytes read.</param>
/// <param name="ReadNanoseconds">Time spent in reads.</param>
/// <param name="WriteRequests">Writes.</param>
/// <param name="WriteBytes">Bytes written.</param>
/// <param name="WriteNanoseconds">Time spent in writes.</param>
/// <param name="Errors">Errors, where the driver counts them.</param>
/// <param name="AllocationBytes">Highest byte written.</param>
/// <param name="CapacityBytes">Size that the guest sees.</param>
/// <param name="PhysicalBytes">Size of the file or device.</param>
public sealed record BlockStats(
    string Name, string? Path, long? ReadRequests, long? ReadBytes, long? ReadNanoseconds,
    long? WriteRequests, long? WriteBytes, long? WriteNanoseconds, long? Errors,
    long? AllocationBytes, long? CapacityBytes, long? PhysicalBytes);

/// <summary>Figures of an interface since the domain's start, seen from the guest.</summary>
/// <param name="Name">Device on the host (<c>tap…</c>).</param>
/// <param name="ReceivedBytes">Bytes received.</param>
/// <param name="ReceivedPackets">Packets received.</param>
/// <param name="ReceiveErrors">Errors.</param>
/// <param name="ReceiveDrops">Packets dropped.</param>
/// <param name="SentBytes">Bytes sent.</param>
/// <param name="SentPackets">Packets sent.</param>
/// <param name="SendErrors">Errors.</param>
/// <param name="SendDrops">Packets dropped.</param>
public sealed record InterfaceStats(
    string Name, long? ReceivedBytes, long? ReceivedPackets, long? ReceiveErrors, long? ReceiveDrops,
    long? SentBytes, long? SentPackets, long? SendErrors, long? SendDrops);
