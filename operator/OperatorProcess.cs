using System.Net;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Config;
using Kilonova.Kubernetes.Events;
using Kilonova.Kubernetes.Health;
using Kilonova.Kubernetes.Metrics;
using Kilonova.Operator.Cluster;
using Kilonova.Operator.Hosts;
using Microsoft.Extensions.Logging;

namespace Kilonova.Operator;

/// <summary>One operator: caches always, the leader's work while it leads.</summary>
public static class OperatorProcess
{
    /// <summary>Runs until told to stop.</summary>
    /// <returns>The exit code: 0 after an orderly end, 1 when leadership was lost and the work of its term would not end.</returns>
    public static async Task<int> RunAsync(OperatorSettings settings, ILoggerFactory logs, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(settings);
        settings = settings with { Identity = settings.Identity ?? $"{Environment.MachineName}_{Guid.NewGuid():N}" };
        var time = TimeProvider.System;
        using var client = new KubernetesClient(
            KubernetesConfig.Load(new KubernetesConfigOptions { Path = settings.Kubeconfig }),
            new KubernetesClientOptions { Component = "kilonova-operator", LoggerFactory = logs, Time = time });
        using var metrics = new PrometheusReader([OperatorMetrics.MeterName, "Kilonova.Kubernetes"]);

        var cache = new ClusterCache(new ApiResources(client));
        var events = new EventRecorder(client, new EventRecorderOptions { Controller = "compute.kilonova.dev/operator", Instance = settings.Identity });
        var parts = new OperatorParts(settings, client, cache, new HostLiveness(time), events, time, logs);
        using var candidate = new Candidate(parts);
        Connect(cache, candidate);

        var checks = new HealthChecks(logs);
        checks.Add("caches", HealthKind.Readiness, () => cache.HasSynced ? null : "the first lists are not in yet");
        OperatorMetrics.Observe(cache, () => candidate.Leads);
        await using var health = await HealthServer.StartAsync(IPEndPoint.Parse(settings.Listen), new HealthEndpoints(checks, metrics), logs, stop);

        // What ends with the process, after the leader's last write.
        using var ending = new CancellationTokenSource();
        var caches = cache.RunAsync(ending.Token);
        var recording = events.RunAsync(ending.Token);
        var orderly = await candidate.RunAsync(stop);
        await ending.CancelAsync();
        await Task.WhenAll(caches, recording);
        return orderly ? 0 : 1;
    }

    /// <summary>Which change goes where. A term's work that has ended, or not begun, lets it pass: a new leader looks at everything.</summary>
    private static void Connect(ClusterCache cache, Candidate candidate)
    {
        cache.Servers.OnChange(c => candidate.Work.Changed(c));
        cache.Instances.OnChange(c => candidate.Work.Changed(c));
        cache.Providers.OnChange(c => candidate.Work.Changed(c));
        cache.Hypervisors.OnChange(c => candidate.Work.Changed(c));
        cache.Leases.OnChange(c => candidate.Work.Changed(c));
        cache.Cells.OnChange(c => candidate.Work.Changed(c));
        cache.Aggregates.OnChange(c => candidate.Work.Changed(c));
        cache.Groups.OnChange(c => candidate.Work.Changed(c));
        cache.SigningRequests.OnChange(c => candidate.Work.Changed(c));
        cache.Flavors.OnChange(_ => candidate.Work.ReferencesChanged());
        cache.Images.OnChange(_ => candidate.Work.ReferencesChanged());
        cache.KeyPairs.OnChange(_ => candidate.Work.ReferencesChanged());
        cache.Networks.OnChange(_ => candidate.Work.ReferencesChanged());
    }
}
