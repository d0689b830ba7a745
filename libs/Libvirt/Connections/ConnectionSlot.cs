using Kilonova.Libvirt.Native;

namespace Kilonova.Libvirt.Connections;

/// <summary>A place in the pool: one connection, opened when first needed and replaced when lost.</summary>
internal sealed class ConnectionSlot(Func<CancellationToken, Task<LibvirtConnection>> open)
{
    private readonly Lock gate = new();
    private Task<LibvirtConnection>? current;

    /// <summary>Calls queued or in flight.</summary>
    internal int Load
    {
        get
        {
            lock (gate)
                return current is { IsCompletedSuccessfully: true } ? current.Result.Load : 0;
        }
    }

    internal async Task<T> CallAsync<T>(string operation, Func<ConnectHandle, T> call, CancellationToken cancellationToken)
    {
        Task<LibvirtConnection> opening;
        lock (gate)
        {
            if (current is null or { IsFaulted: true } or { IsCanceled: true } || current is { IsCompletedSuccessfully: true, Result.IsUsable: false })
                current = open(CancellationToken.None);
            opening = current;
        }

        var connection = await opening.WaitAsync(cancellationToken);
        return await connection.CallAsync(operation, call, cancellationToken);
    }

    /// <summary>Forgets the connection, which its owner disposes.</summary>
    internal void Clear()
    {
        lock (gate)
            current = null;
    }
}
