using Kilonova.Libvirt.Native;

namespace Kilonova.Libvirt.Connections;

/// <summary>Where calls go: one connection, or the pool of a host, which keeps what changes something apart from what only looks.</summary>
internal interface ICallRoute
{
    /// <summary>Runs a call that changes nothing.</summary>
    Task<T> QueryAsync<T>(string operation, Func<ConnectHandle, T> call, CancellationToken cancellationToken);

    /// <summary>Runs a call that changes something.</summary>
    Task<T> MutateAsync<T>(string operation, Func<ConnectHandle, T> call, CancellationToken cancellationToken);
}
