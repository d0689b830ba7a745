using Kilonova.Libvirt;
using Kilonova.Libvirt.Connections;
using Kilonova.Libvirt.Domains;
using Kilonova.NodeAgent.Domains;
using Kilonova.NodeAgent.Registration.Preflight;
using Microsoft.Extensions.Logging;

namespace Kilonova.NodeAgent.Actors;

/// <summary>
/// Clears libvirt's autostart where somebody set it on a domain of ours. libvirt would start it at boot without asking whether the guest is still this
/// host's; nobody but the agent may. libvirt tells no event of the setting, so every full pass looks.
/// </summary>
internal sealed class GuestAutostart(LibvirtHost libvirt, ILogger<GuestAutostart> logger)
{
    private readonly SortedSet<string> cleared = new(StringComparer.Ordinal);

    /// <summary>What was found so far.</summary>
    public AutostartFacts Facts { get; private set; } = AutostartFacts.None;

    /// <summary>Something else was found than before.</summary>
    public event Action? Changed;

    /// <summary>Looks, and clears.</summary>
    /// <param name="ours">Instance IDs of the domains that are ours.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="LibvirtException">libvirt is away.</exception>
    public async Task ClearAsync(IReadOnlyCollection<string> ours, CancellationToken cancel)
    {
        var left = new SortedSet<string>(StringComparer.Ordinal);
        var trouble = "";
        var before = cleared.Count;
        foreach (var domain in await libvirt.Domains.ListAsync(DomainListFlags.Autostart, cancel))
        {
            var id = GuestDefinition.InstanceID(domain.Name) ?? domain.Uuid.ToString("D");
            if (!ours.Contains(id))
                continue;
            try
            {
                await libvirt.Domains.SetAutostartAsync(domain.Uuid, false, cancel);
                cleared.Add(id);
                LogMessages.AutostartCleared(logger, id);
            }
            catch (LibvirtException error) when (!error.IsConnectionLost && !error.IsNoDomain)
            {
                left.Add(id);
                trouble = error.Message;
            }
        }

        if (cleared.Count == before && left.SetEquals(Facts.Left))
            return;
        Facts = new AutostartFacts([.. cleared], [.. left], trouble);
        Changed?.Invoke();
    }
}
