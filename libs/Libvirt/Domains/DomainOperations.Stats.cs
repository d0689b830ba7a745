using Kilonova.Libvirt.Native;
using static Kilonova.Libvirt.Native.LibvirtNative;

namespace Kilonova.Libvirt.Domains;

/// <content>Figures of many domains in one call.</content>
public sealed partial class DomainOperations
{
    /// <summary>Take what can be had without waiting for a domain that is busy with something long.</summary>
    private const uint NoWait = 1u << 29;

    /// <summary>
    /// Figures of all domains that <paramref name="which"/> selects, in one call. A domain that is busy (starting, migrating) delivers fewer of
    /// them instead of holding up the rest.
    /// </summary>
    public Task<IReadOnlyList<DomainStats>> GetAllStatsAsync(
        DomainStatsKinds kinds = DomainStatsKinds.All, DomainListFlags which = DomainListFlags.All,
        CancellationToken cancellationToken = default)
        => route.QueryAsync(nameof(virConnectGetAllDomainStats), IReadOnlyList<DomainStats> (connection) => AllStats(connection, kinds, which), cancellationToken);

    /// <summary>Figures of one domain.</summary>
    public Task<DomainStats> GetStatsAsync(
        Guid uuid, DomainStatsKinds kinds = DomainStatsKinds.All, CancellationToken cancellationToken = default)
        => Query(nameof(virDomainListGetStats), uuid, domain => Stats(domain, kinds), cancellationToken);

    private static unsafe DomainStats[] AllStats(ConnectHandle connection, DomainStatsKinds kinds, DomainListFlags which)
    {
        StatsRecordLayout** records = null;
        var count = virConnectGetAllDomainStats(connection, (uint)kinds, &records, (uint)which | NoWait);
        // Drivers without a monitor do not know the flag.
        if (count < 0 && NativeError.Last() is { Code: LibvirtErrorCode.InvalidArgument or LibvirtErrorCode.ArgumentUnsupported })
            count = virConnectGetAllDomainStats(connection, (uint)kinds, &records, (uint)which);
        return Take(NativeError.Check(count), records);
    }

    private static unsafe DomainStats Stats(DomainHandle domain, DomainStatsKinds kinds)
    {
        var list = stackalloc nint[2];
        list[0] = domain.DangerousGetHandle();
        list[1] = 0;
        StatsRecordLayout** records = null;
        var count = virDomainListGetStats(list, (uint)kinds, &records, NoWait);
        if (count < 0 && NativeError.Last() is { Code: LibvirtErrorCode.InvalidArgument or LibvirtErrorCode.ArgumentUnsupported })
            count = virDomainListGetStats(list, (uint)kinds, &records, 0);
        GC.KeepAlive(domain);
        var stats = Take(NativeError.Check(count), records);
        return stats.Length == 1 ? stats[0] : throw new LibvirtException(
            LibvirtErrorCode.NoDomain, 0, LibvirtErrorLevel.Error, "the domain disappeared while its figures were collected");
    }

    private static unsafe DomainStats[] Take(int count, StatsRecordLayout** records)
    {
        try
        {
            var stats = new DomainStats[count];
            for (var i = 0; i < count; i++)
            {
                stats[i] = new DomainStats(
                    DomainHandle.Identity(records[i]->Domain), TypedValue.Read(records[i]->Parameters, records[i]->Count));
            }

            return stats;
        }
        finally
        {
            virDomainStatsRecordListFree(records);
        }
    }
}
