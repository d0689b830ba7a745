using Kilonova.Crds;
using Kilonova.Libvirt;
using Kilonova.Libvirt.Connections;
using Kilonova.Libvirt.Domains;
using Kilonova.NodeAgent.Protocol;

namespace Kilonova.NodeAgent.Domains;

/// <summary>Looks at domains.</summary>
internal sealed class DomainLook(LibvirtHost libvirt)
{
    /// <summary>What libvirt says of an instance's domain; null when there is none.</summary>
    /// <exception cref="LibvirtException">libvirt does not answer: nothing is known.</exception>
    public async Task<DomainView?> AtAsync(string instanceID, CancellationToken cancel)
    {
        var uuid = Guid.ParseExact(instanceID, "D");
        try
        {
            var state = await libvirt.Domains.GetStateAsync(uuid, cancel);
            var active = state.State is not (DomainState.ShutOff or DomainState.Crashed or DomainState.None);

            // Live and persistent XML can differ (after a migration, for one): the highest epoch wins.
            var saved = DomainMetadata.Read(await MetadataAsync(uuid, DomainAffect.Config, cancel));
            var live = active ? DomainMetadata.Read(await MetadataAsync(uuid, DomainAffect.Live, cancel)) : null;
            var metadata = live is null || saved?.Epoch > live.Epoch ? saved : live;
            return new DomainView(PowerStateOf(state.State), metadata?.InstanceID == instanceID, metadata?.Epoch, metadata?.ClaimID)
            {
                Server = metadata?.Server,
                Saved = !active && await libvirt.Domains.HasSaveAsync(uuid, cancel),
            };
        }
        catch (LibvirtException error) when (error.IsNoDomain)
        {
            // A foreign domain may bear the name and another UUID; then no domain of ours can be defined.
            return await libvirt.Domains.FindByNameAsync(GuestDefinition.DomainName(instanceID), cancel) is null ? null : new DomainView(PowerState.NoState, Ours: false, null, null);
        }
    }

    /// <summary>Instance IDs of all domains that are ours, by name or by metadata.</summary>
    public async Task<IReadOnlyCollection<string>> OursAsync(CancellationToken cancel)
    {
        var ours = new HashSet<string>(StringComparer.Ordinal);
        foreach (var domain in await libvirt.Domains.ListAsync(cancellationToken: cancel))
        {
            var id = GuestDefinition.InstanceID(domain.Name) ?? domain.Uuid.ToString("D");
            if (GuestDefinition.InstanceID(domain.Name) is not null || await IsOursAsync(domain.Uuid, id, cancel))
                ours.Add(id);
        }

        return ours;
    }

    /// <summary>Power state in the words of the API.</summary>
    public static PowerState PowerStateOf(DomainState state) => state switch
    {
        DomainState.Running or DomainState.Blocked or DomainState.ShuttingDown => PowerState.Running,
        DomainState.Paused or DomainState.PowerManagementSuspended => PowerState.Paused,
        DomainState.ShutOff => PowerState.Shutdown,
        DomainState.Crashed => PowerState.Crashed,
        _ => PowerState.NoState,
    };

    private async Task<bool> IsOursAsync(Guid uuid, string id, CancellationToken cancel)
    {
        try
        {
            return DomainMetadata.Read(await MetadataAsync(uuid, DomainAffect.Current, cancel))?.InstanceID == id;
        }
        catch (LibvirtException error) when (error.IsNoDomain)
        {
            return false;
        }
    }

    private async Task<string?> MetadataAsync(Guid uuid, DomainAffect affect, CancellationToken cancel)
    {
        try
        {
            return await libvirt.Domains.GetMetadataAsync(uuid, DomainMetadata.Uri, affect, cancel);
        }
        catch (LibvirtException error) when (error.IsOperationInvalid || error.Code == LibvirtErrorCode.InvalidArgument)
        {
            // It has no live, or no persistent, definition at this moment.
            return null;
        }
    }
}
