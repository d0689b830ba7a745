using Kilonova.Libvirt.Events;

namespace Kilonova.Libvirt.Connections;

/// <summary>How a <see cref="LibvirtHost"/> behaves.</summary>
public sealed record LibvirtHostOptions
{
    /// <summary>Longest time of a call that changes nothing.</summary>
    public TimeSpan QueryTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest time of a call that changes something, such as a start.</summary>
    public TimeSpan MutationTimeout { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Connections for calls that change something; opened only when the ones before are busy.</summary>
    public int MutationConnections { get; init; } = 3;

    /// <summary>Which events to deliver.</summary>
    public DomainEventKinds Events { get; init; } = DomainEventKinds.All;

    /// <summary>Unread events that are kept.</summary>
    public int EventCapacity { get; init; } = 16_384;

    /// <summary>First wait between attempts to connect; doubles up to <see cref="MaxReconnectDelay"/>.</summary>
    public TimeSpan ReconnectDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest wait between attempts to connect.</summary>
    public TimeSpan MaxReconnectDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Abandoned connections, each with a thread inside a call that has not come back, after which calls are refused until some return:
    /// a daemon that hangs must not eat the agent.
    /// </summary>
    public int MaxAbandonedConnections { get; init; } = 8;

    /// <summary>Keep-alive of every connection; its call time-out is not used.</summary>
    public LibvirtConnectionOptions Connection { get; init; } = new();
}
