using Kilonova.Libvirt.Connections;
using Kilonova.Libvirt.Native;
using static Kilonova.Libvirt.Native.LibvirtNative;

namespace Kilonova.Libvirt.Domains;

/// <summary>
/// Calls on domains, each of which is found by UUID inside the call, so nothing native outlives it and callers survive reconnects.
/// Every call throws <see cref="LibvirtException"/>, with <see cref="LibvirtException.IsNoDomain"/> where the domain does not exist. A
/// cancellation token counts until the call is handed to libvirt.
/// </summary>
public sealed partial class DomainOperations
{
    private readonly ICallRoute route;

    internal DomainOperations(ICallRoute route) => this.route = route;

    /// <summary>Lists domains in libvirt's order.</summary>
    public Task<IReadOnlyList<DomainIdentity>> ListAsync(
        DomainListFlags flags = DomainListFlags.All, CancellationToken cancellationToken = default)
        => route.QueryAsync(nameof(virConnectListAllDomains), IReadOnlyList<DomainIdentity> (connection) => List(connection, flags), cancellationToken);

    /// <summary>The domain with this UUID; null if there is none.</summary>
    public Task<DomainIdentity?> FindAsync(Guid uuid, CancellationToken cancellationToken = default)
        => route.QueryAsync(
            nameof(virDomainLookupByUUID), connection => NullIfNone(() => DomainHandle.Lookup(connection, uuid)), cancellationToken);

    /// <summary>The domain with this name; null if there is none.</summary>
    public Task<DomainIdentity?> FindByNameAsync(string name, CancellationToken cancellationToken = default)
        => route.QueryAsync(
            nameof(virDomainLookupByName),
            connection => NullIfNone(() => DomainHandle.Take(virDomainLookupByName(connection, name))),
            cancellationToken);

    /// <summary>Makes or replaces a persistent definition. Same UUID and name: replaced; one of them taken by another domain: an error.</summary>
    public Task<DomainIdentity> DefineAsync(
        string xml, DomainDefineFlags flags = DomainDefineFlags.None, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(xml);
        return route.MutateAsync(
            nameof(virDomainDefineXMLFlags),
            connection =>
            {
                using var domain = DomainHandle.Take(virDomainDefineXMLFlags(connection, xml, (uint)flags));
                return domain.Identity();
            },
            cancellationToken);
    }

    /// <summary>Removes the definition; a running domain goes on as a transient one.</summary>
    public Task UndefineAsync(Guid uuid, DomainUndefineFlags flags, CancellationToken cancellationToken = default)
        => Mutate(nameof(virDomainUndefineFlags), uuid, domain => virDomainUndefineFlags(domain, (uint)flags), cancellationToken);

    /// <summary>Starts a defined domain (<c>virDomainCreate</c>). <see cref="LibvirtException.IsOperationInvalid"/> if it runs.</summary>
    public Task StartAsync(Guid uuid, DomainStartFlags flags = DomainStartFlags.None, CancellationToken cancellationToken = default)
        => Mutate(nameof(virDomainCreateWithFlags), uuid, domain => virDomainCreateWithFlags(domain, (uint)flags), cancellationToken);

    /// <summary>
    /// Forces it off. <paramref name="graceful"/>: only SIGTERM, and an error if QEMU does not end by itself.
    /// <see cref="LibvirtException.IsOperationInvalid"/> if it does not run.
    /// </summary>
    public Task DestroyAsync(Guid uuid, bool graceful = false, CancellationToken cancellationToken = default)
        => Mutate(nameof(virDomainDestroyFlags), uuid, domain => virDomainDestroyFlags(domain, graceful ? 1u : 0u), cancellationToken);

    /// <summary>Asks the guest to shut down; returns when it was asked.</summary>
    public Task ShutdownAsync(
        Guid uuid, DomainShutdownFlags flags = DomainShutdownFlags.Default, CancellationToken cancellationToken = default)
        => Mutate(nameof(virDomainShutdownFlags), uuid, domain => virDomainShutdownFlags(domain, (uint)flags), cancellationToken);

    /// <summary>Asks the guest to reboot; returns when it was asked.</summary>
    public Task RebootAsync(
        Guid uuid, DomainShutdownFlags flags = DomainShutdownFlags.Default, CancellationToken cancellationToken = default)
        => Mutate(nameof(virDomainReboot), uuid, domain => virDomainReboot(domain, (uint)flags), cancellationToken);

    /// <summary>Presses the reset button.</summary>
    public Task ResetAsync(Guid uuid, CancellationToken cancellationToken = default)
        => Mutate(nameof(virDomainReset), uuid, domain => virDomainReset(domain, 0), cancellationToken);

    /// <summary>Pauses the virtual CPUs; memory stays.</summary>
    public Task SuspendAsync(Guid uuid, CancellationToken cancellationToken = default)
        => Mutate(nameof(virDomainSuspend), uuid, virDomainSuspend, cancellationToken);

    /// <summary>Lets a paused domain run again.</summary>
    public Task ResumeAsync(Guid uuid, CancellationToken cancellationToken = default)
        => Mutate(nameof(virDomainResume), uuid, virDomainResume, cancellationToken);

    /// <summary>The domain's XML as libvirt has it.</summary>
    public Task<string> GetXmlAsync(
        Guid uuid, DomainXmlFlags flags = DomainXmlFlags.None, CancellationToken cancellationToken = default)
        => Query(
            nameof(virDomainGetXMLDesc), uuid,
            domain => NativeError.TakeString(virDomainGetXMLDesc(domain, (uint)flags)), cancellationToken);

    /// <summary>State, memory, CPUs and CPU time.</summary>
    public Task<DomainInfo> GetInfoAsync(Guid uuid, CancellationToken cancellationToken = default)
        => Query(
            nameof(virDomainGetInfo), uuid,
            domain =>
            {
                NativeError.Check(virDomainGetInfo(domain, out var info));
                return new DomainInfo(
                    (DomainState)info.State, (long)info.MaxMemoryKiB.Value, (long)info.MemoryKiB.Value, info.VirtualCpus,
                    TimeSpan.FromTicks((long)(info.CpuTimeNanoseconds / 100)));
            },
            cancellationToken);

    /// <summary>State and why it is in it.</summary>
    public Task<DomainStateInfo> GetStateAsync(Guid uuid, CancellationToken cancellationToken = default)
        => Query(
            nameof(virDomainGetState), uuid,
            domain =>
            {
                NativeError.Check(virDomainGetState(domain, out var state, out var reason, 0));
                return new DomainStateInfo((DomainState)state, reason);
            },
            cancellationToken);

    /// <summary>Whether it has a persistent definition.</summary>
    public Task<bool> IsPersistentAsync(Guid uuid, CancellationToken cancellationToken = default)
        => Query(nameof(virDomainIsPersistent), uuid, domain => NativeError.Check(virDomainIsPersistent(domain)) == 1, cancellationToken);

    private Task<T> Query<T>(string operation, Guid uuid, Func<DomainHandle, T> call, CancellationToken cancellationToken)
        => route.QueryAsync(
            operation,
            connection =>
            {
                using var domain = DomainHandle.Lookup(connection, uuid);
                return call(domain);
            },
            cancellationToken);

    private Task<int> Mutate(string operation, Guid uuid, Func<DomainHandle, int> call, CancellationToken cancellationToken)
        => route.MutateAsync(
            operation,
            connection =>
            {
                using var domain = DomainHandle.Lookup(connection, uuid);
                return NativeError.Check(call(domain));
            },
            cancellationToken);

    private static DomainIdentity? NullIfNone(Func<DomainHandle> lookup)
    {
        try
        {
            using var domain = lookup();
            return domain.Identity();
        }
        catch (LibvirtException error) when (error.IsNoDomain)
        {
            return null;
        }
    }

    private static unsafe DomainIdentity[] List(ConnectHandle connection, DomainListFlags flags)
    {
        nint* domains = null;
        var count = NativeError.Check(virConnectListAllDomains(connection, &domains, (uint)flags));
        try
        {
            var identities = new DomainIdentity[count];
            for (var i = 0; i < count; i++)
                identities[i] = DomainHandle.Identity(domains[i]);
            return identities;
        }
        finally
        {
            for (var i = 0; i < count; i++)
                _ = virDomainFree(domains[i]);
            System.Runtime.InteropServices.NativeMemory.Free(domains);
        }
    }
}
