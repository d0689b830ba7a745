using Kilonova.Libvirt.Native;

namespace Kilonova.Libvirt.Connections;

/// <summary>A place in the pool: one connection, opened when first needed and replaced when lost.</summary>
internal sealed class ConnectionSlot(Func<CancellationToken, Task<LibvirtConnection>> open)
{
    private readonly Lock gate = new();
    private Task<LibvirtConnection>? current;

    private int load;

    /// <summary>Calls waiting for the connection, queued or in flight.</summary>
    internal int Load => Volatile.Read(ref load);

    internal async Task<T> CallAsync<T>(string operation, Func<ConnectHandle, T> call, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref load);
        try
        {
            var connection = await Connection().WaitAsync(cancellationToken);
            return await connection.CallAsync(operation, call, cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref load);
        }
    }

    /// <summary>The present connection, or the one being opened; callers share it, so nobody's cancellation ends the opening.</summary>
    private Task<LibvirtConnection> Connection()
    {
        lock (gate)
        {
            if (current is null || (current.IsCompleted && !(current.IsCompletedSuccessfully && current.Result.IsUsable)))
                current = open(CancellationToken.None);
            return current;
        }
    }

    /// <summary>Forgets the connection, which its owner disposes.</summary>
    internal void Clear()
    {
        lock (gate)
            current = null;
    }
}
