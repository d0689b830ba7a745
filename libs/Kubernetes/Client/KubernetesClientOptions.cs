using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kilonova.Kubernetes.Client;

/// <summary>Settings of a <see cref="KubernetesClient"/>.</summary>
public sealed record KubernetesClientOptions
{
    /// <summary>Component name: first part of the User-Agent, and field manager of writes that name no other.</summary>
    public string Component { get; init; } = "kilonova";

    /// <summary>Version of the component, for the User-Agent.</summary>
    public string ComponentVersion { get; init; } = "0.1.0";

    /// <summary>Time for one attempt of a request, its body included. Watches have none.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Attempts for one request, the first included.</summary>
    public int MaxAttempts { get; init; } = 5;

    /// <summary>Time for a request with all its attempts and the waits between them: none begins that would end later.</summary>
    public TimeSpan TotalTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>First back-off between attempts; doubles, with full jitter.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Longest back-off; a longer <c>Retry-After</c> is left to the caller.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Requests in flight at once, watches excluded.</summary>
    public int MaxInFlight { get; init; } = 64;

    /// <summary>Requests per second, with a burst of twice as many; null leaves fairness to the server.</summary>
    public double? QueriesPerSecond { get; init; }

    /// <summary>How often token, certificate and CA files are looked at for changes.</summary>
    public TimeSpan CredentialCheckInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Silence on a connection after which the server is pinged, and time it has to answer.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a connection takes new requests: after this, names are looked up anew and other API servers get their share.</summary>
    public TimeSpan ConnectionLifetime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Addresses of a name; tests have names of their own.</summary>
    internal Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } = Dns.GetHostAddressesAsync;

    /// <summary>Largest object that is read, in bytes: alone, in a list or in a watch.</summary>
    public int MaxObjectBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Objects asked for per page of a list.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>Clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where warnings of the server and retries are logged.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;
}
