namespace Kilonova.Libvirt.Domains;

/// <summary>Which domain.</summary>
/// <param name="Uuid">Its UUID, by which every call finds it.</param>
/// <param name="Name">Its name, unique on the host.</param>
/// <param name="Id">Number of the running instance; null when it does not run.</param>
public sealed record DomainIdentity(Guid Uuid, string Name, int? Id);
