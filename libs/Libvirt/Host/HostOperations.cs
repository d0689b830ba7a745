using System.Runtime.InteropServices;
using Kilonova.Libvirt.Connections;
using Kilonova.Libvirt.Native;
using static Kilonova.Libvirt.Native.LibvirtNative;

namespace Kilonova.Libvirt.Host;

/// <summary>Calls on the host. Every call throws <see cref="LibvirtException"/>.</summary>
public sealed class HostOperations
{
    private readonly ICallRoute route;

    internal HostOperations(ICallRoute route) => this.route = route;

    /// <summary>CPUs and memory in short.</summary>
    public Task<NodeInfo> GetNodeInfoAsync(CancellationToken cancellationToken = default)
        => route.QueryAsync(nameof(virNodeGetInfo), ReadNodeInfo, cancellationToken);

    /// <summary>Capabilities: host CPU, NUMA cells with pages and distances, guests and machine types.</summary>
    public async Task<HostCapabilities> GetCapabilitiesAsync(CancellationToken cancellationToken = default)
        => HostCapabilities.Parse(await GetCapabilitiesXmlAsync(cancellationToken));

    /// <summary>Capabilities as libvirt writes them.</summary>
    public Task<string> GetCapabilitiesXmlAsync(CancellationToken cancellationToken = default)
        => route.QueryAsync(
            nameof(virConnectGetCapabilities), connection => NativeError.TakeString(virConnectGetCapabilities(connection)),
            cancellationToken);

    /// <summary>
    /// What a guest of the given kind may have. A null leaves the choice to libvirt. <paramref name="virtType"/> is <c>kvm</c> or <c>qemu</c>;
    /// without KVM, asking for <c>kvm</c> is an error.
    /// </summary>
    public async Task<DomainCapabilities> GetDomainCapabilitiesAsync(
        string? virtType = null, string? machine = null, string? architecture = null, string? emulator = null,
        CancellationToken cancellationToken = default)
        => DomainCapabilities.Parse(
            await GetDomainCapabilitiesXmlAsync(virtType, machine, architecture, emulator, cancellationToken));

    /// <summary>The same as libvirt writes it.</summary>
    public Task<string> GetDomainCapabilitiesXmlAsync(
        string? virtType = null, string? machine = null, string? architecture = null, string? emulator = null,
        CancellationToken cancellationToken = default)
        => route.QueryAsync(
            nameof(virConnectGetDomainCapabilities),
            connection => NativeError.TakeString(
                virConnectGetDomainCapabilities(connection, emulator, architecture, machine, virtType, 0)),
            cancellationToken);

    /// <summary>Name of the driver (<c>QEMU</c>, <c>TEST</c>) and versions of hypervisor and daemon.</summary>
    public Task<HypervisorVersion> GetVersionAsync(CancellationToken cancellationToken = default)
        => route.QueryAsync(nameof(virConnectGetVersion), ReadVersion, cancellationToken);

    /// <summary>The host's name as the daemon sees it.</summary>
    public Task<string> GetHostnameAsync(CancellationToken cancellationToken = default)
        => route.QueryAsync(
            nameof(virConnectGetHostname), connection => NativeError.TakeString(virConnectGetHostname(connection)), cancellationToken);

    /// <summary>Free memory of the host, bytes.</summary>
    public Task<long> GetFreeMemoryAsync(CancellationToken cancellationToken = default)
        => route.QueryAsync(
            nameof(virNodeGetFreeMemory),
            connection => virNodeGetFreeMemory(connection) is var bytes and > 0 ? (long)bytes : throw NativeError.Last(),
            cancellationToken);

    /// <summary>
    /// Free pages per NUMA cell, for cells <paramref name="firstCell"/> and following and the given page sizes in KiB, in that order: one row
    /// per cell.
    /// </summary>
    public Task<IReadOnlyList<IReadOnlyList<long>>> GetFreePagesAsync(
        IReadOnlyList<int> pageSizesKiB, int firstCell, int cells, CancellationToken cancellationToken = default)
        => route.QueryAsync(
            nameof(virNodeGetFreePages), IReadOnlyList<IReadOnlyList<long>> (connection) => ReadFreePages(connection, pageSizesKiB, firstCell, cells), cancellationToken);

    private static unsafe NodeInfo ReadNodeInfo(ConnectHandle connection)
    {
        NativeError.Check(virNodeGetInfo(connection, out var info));
        return new NodeInfo(
            Marshal.PtrToStringUTF8((nint)info.Model) ?? "", (long)info.MemoryKiB.Value, (int)info.Cpus, (int)info.Mhz,
            (int)info.Nodes, (int)info.Sockets, (int)info.Cores, (int)info.Threads);
    }

    private static HypervisorVersion ReadVersion(ConnectHandle connection)
    {
        NativeError.Check(virConnectGetVersion(connection, out var hypervisor));
        NativeError.Check(virConnectGetLibVersion(connection, out var daemon));
        var type = virConnectGetType(connection);
        return new HypervisorVersion(
            type == 0 ? throw NativeError.Last() : Marshal.PtrToStringUTF8(type)!, ToVersion(hypervisor), ToVersion(daemon));
    }

    /// <summary>libvirt packs a version as major * 1,000,000 + minor * 1,000 + release.</summary>
    private static Version ToVersion(ulong packed)
        => new((int)(packed / 1_000_000), (int)(packed / 1_000 % 1_000), (int)(packed % 1_000));

    private static unsafe long[][] ReadFreePages(
        ConnectHandle connection, IReadOnlyList<int> pageSizesKiB, int firstCell, int cells)
    {
        var sizes = pageSizesKiB.Select(size => (uint)size).ToArray();
        var counts = new ulong[sizes.Length * cells];
        fixed (uint* sizesPointer = sizes)
        fixed (ulong* countsPointer = counts)
        {
            NativeError.Check(virNodeGetFreePages(
                connection, (uint)sizes.Length, sizesPointer, firstCell, (uint)cells, countsPointer, 0));
        }

        return [.. counts.Select(count => (long)count).Chunk(sizes.Length)];
    }
}
