using Kilonova.Libvirt.Native;
using static Kilonova.Libvirt.Native.LibvirtNative;

namespace Kilonova.Libvirt.Domains;

/// <content>Metadata, autostart, managed save, devices.</content>
public sealed partial class DomainOperations
{
    /// <summary><c>VIR_DOMAIN_METADATA_ELEMENT</c>: an element of ours under <c>&lt;metadata&gt;</c>.</summary>
    private const int MetadataElement = 2;

    /// <summary>The metadata element under the namespace <paramref name="uri"/>; null if there is none.</summary>
    public Task<string?> GetMetadataAsync(
        Guid uuid, string uri, DomainAffect affect = DomainAffect.Current, CancellationToken cancellationToken = default)
        => Query(
            nameof(virDomainGetMetadata), uuid,
            domain =>
            {
                var text = virDomainGetMetadata(domain, MetadataElement, uri, (uint)affect);
                return text == 0 && NativeError.Last() is { IsNoMetadata: true } ? null : NativeError.TakeString(text);
            },
            cancellationToken);

    /// <summary>
    /// Replaces the metadata element under the namespace <paramref name="uri"/>; null removes it. <paramref name="key"/> is the namespace
    /// prefix that libvirt writes.
    /// </summary>
    public Task SetMetadataAsync(
        Guid uuid, string uri, string key, string? xml, DomainAffect affect = DomainAffect.Current,
        CancellationToken cancellationToken = default)
        => Mutate(
            nameof(virDomainSetMetadata), uuid,
            domain => virDomainSetMetadata(domain, MetadataElement, xml, xml is null ? null : key, uri, (uint)affect), cancellationToken);

    /// <summary>Whether libvirt starts it with the host.</summary>
    public Task<bool> GetAutostartAsync(Guid uuid, CancellationToken cancellationToken = default)
        => Query(
            nameof(virDomainGetAutostart), uuid,
            domain =>
            {
                NativeError.Check(virDomainGetAutostart(domain, out var autostart));
                return autostart != 0;
            },
            cancellationToken);

    /// <summary>Sets whether libvirt starts it with the host.</summary>
    public Task SetAutostartAsync(Guid uuid, bool autostart, CancellationToken cancellationToken = default)
        => Mutate(nameof(virDomainSetAutostart), uuid, domain => virDomainSetAutostart(domain, autostart ? 1 : 0), cancellationToken);

    /// <summary>Saves a running domain's memory in libvirt's own place and stops it; the next start restores it.</summary>
    public Task SaveAsync(Guid uuid, CancellationToken cancellationToken = default)
        => Mutate(nameof(virDomainManagedSave), uuid, domain => virDomainManagedSave(domain, 0), cancellationToken);

    /// <summary>Whether there is a managed save image.</summary>
    public Task<bool> HasSaveAsync(Guid uuid, CancellationToken cancellationToken = default)
        => Query(
            nameof(virDomainHasManagedSaveImage), uuid,
            domain => NativeError.Check(virDomainHasManagedSaveImage(domain, 0)) == 1, cancellationToken);

    /// <summary>Throws the managed save image away.</summary>
    public Task RemoveSaveAsync(Guid uuid, CancellationToken cancellationToken = default)
        => Mutate(nameof(virDomainManagedSaveRemove), uuid, domain => virDomainManagedSaveRemove(domain, 0), cancellationToken);

    /// <summary>The XML inside the managed save image, with which a start would restore.</summary>
    public Task<string> GetSaveXmlAsync(Guid uuid, bool secure = false, CancellationToken cancellationToken = default)
        => Query(
            nameof(virDomainManagedSaveGetXMLDesc), uuid,
            domain => NativeError.TakeString(virDomainManagedSaveGetXMLDesc(domain, secure ? 1u : 0u)), cancellationToken);

    /// <summary>Replaces the XML inside the managed save image; libvirt refuses what the guest would notice.</summary>
    public Task SetSaveXmlAsync(Guid uuid, string xml, CancellationToken cancellationToken = default)
        => Mutate(
            nameof(virDomainManagedSaveDefineXML), uuid, domain => virDomainManagedSaveDefineXML(domain, xml, 0), cancellationToken);

    /// <summary>Plugs a device in, given as its XML element.</summary>
    public Task AttachDeviceAsync(Guid uuid, string xml, DomainAffect affect, CancellationToken cancellationToken = default)
        => Mutate(
            nameof(virDomainAttachDeviceFlags), uuid, domain => virDomainAttachDeviceFlags(domain, xml, (uint)affect), cancellationToken);

    /// <summary>Asks for a device's removal; a live one is gone with <see cref="Events.DeviceChange.Removed"/>.</summary>
    public Task DetachDeviceAsync(Guid uuid, string xml, DomainAffect affect, CancellationToken cancellationToken = default)
        => Mutate(
            nameof(virDomainDetachDeviceFlags), uuid, domain => virDomainDetachDeviceFlags(domain, xml, (uint)affect), cancellationToken);
}
