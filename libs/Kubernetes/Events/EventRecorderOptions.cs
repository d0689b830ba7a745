namespace Kilonova.Kubernetes.Events;

/// <summary>Kind of an event.</summary>
public enum EventType
{
    /// <summary>Something went as it should.</summary>
    Normal,

    /// <summary>Somebody may have to do something.</summary>
    Warning,
}

/// <summary>Settings of an <see cref="EventRecorder"/>.</summary>
public sealed record EventRecorderOptions
{
    /// <summary>Component that reports, for instance <c>example.dev/controller</c>.</summary>
    public required string Controller { get; init; }

    /// <summary>Which instance of the component, for instance the host's name.</summary>
    public string Instance { get; init; } = Environment.MachineName;

    /// <summary>Events waiting to be sent; more are dropped and counted.</summary>
    public int Capacity { get; init; } = 1000;

    /// <summary>Time after the last repetition in which a further one still counts as the same event.</summary>
    public TimeSpan SeriesWindow { get; init; } = TimeSpan.FromMinutes(6);

    /// <summary>Shortest time between two updates of a repeated event.</summary>
    public TimeSpan SeriesUpdateInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>New events about one object that are let through at once.</summary>
    public int BurstPerObject { get; init; } = 25;

    /// <summary>After the burst, one new event about an object per this time.</summary>
    public TimeSpan RefillPerObject { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Different events remembered for aggregation.</summary>
    public int MaxSeries { get; init; } = 4096;
}
