using Kilonova.Kubernetes.Queue;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kilonova.Kubernetes.Controllers;

/// <summary>Settings of a <see cref="Controller{TKey}"/>.</summary>
public sealed record ControllerOptions<TKey>
{
    /// <summary>Keys reconciled at the same time.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Back-off and clock.</summary>
    public WorkQueueOptions Queue { get; init; } = new();

    /// <summary>Whose a key is, for instance its namespace: tenants take turns. Null makes no difference between keys.</summary>
    public Func<TKey, string?>? Tenant { get; init; }

    /// <summary>Told of each failure: the key, how many in a row, the error. For a <c>Stalled</c> condition, for instance.</summary>
    public Action<TKey, int, Exception>? OnFailure { get; init; }

    /// <summary>Where failures are logged.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;
}
