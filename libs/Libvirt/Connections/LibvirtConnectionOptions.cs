namespace Kilonova.Libvirt.Connections;

/// <summary>How a connection behaves.</summary>
public sealed record LibvirtConnectionOptions
{
    /// <summary>
    /// Longest time that a call may take; past it the call fails (<see cref="LibvirtException.IsTimeout"/>) and the connection takes no
    /// more calls. <see cref="Timeout.InfiniteTimeSpan"/> for calls that are long by nature, such as a migration.
    /// </summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Calls in flight at once. libvirtd serves 5 requests of a client at a time, its keep-alive included.</summary>
    public int MaxCallsInFlight { get; init; } = 4;

    /// <summary>Time between keep-alive messages, whole seconds; zero switches them off.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Unanswered keep-alive messages after which the connection counts as lost.</summary>
    public int KeepAliveCount { get; init; } = 5;
}
