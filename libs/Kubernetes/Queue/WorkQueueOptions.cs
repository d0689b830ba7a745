namespace Kilonova.Kubernetes.Queue;

/// <summary>Which keys go first.</summary>
public enum Priority
{
    /// <summary>As usual.</summary>
    Normal,

    /// <summary>Before the usual: deletions, lost hosts.</summary>
    High,

    /// <summary>When nothing else is to do: periodic checks.</summary>
    Low,
}

/// <summary>Settings of a <see cref="WorkQueue{TKey}"/>.</summary>
public sealed record WorkQueueOptions
{
    /// <summary>Name, for metrics.</summary>
    public string Name { get; init; } = "queue";

    /// <summary>Wait after the first failure; doubles with each further one.</summary>
    public TimeSpan BaseDelay { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Longest wait after failures.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Failures of all keys together come back at most so often, with a burst of twice as many; null is without limit.</summary>
    public double? RetriesPerSecond { get; init; } = 500;

    /// <summary>Clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>A key that was taken and must be given back with <see cref="WorkQueue{TKey}.Done"/>.</summary>
/// <param name="Key">The key.</param>
/// <param name="Priority">Lane that it came by.</param>
public readonly record struct WorkItem<TKey>(TKey Key, Priority Priority);
