using System.Net;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Config;
using Kilonova.Kubernetes.Events;
using Kilonova.Kubernetes.Health;
using Kilonova.Kubernetes.LeaderElection;
using Kilonova.Kubernetes.Metrics;
using Kilonova.Operator.Cluster;
using Kilonova.Operator.Hosts;
using Microsoft.Extensions.Logging;

namespace Kilonova.Operator;

/// <summary>One operator: caches always, the leader's work while it leads.</summary>
public static class OperatorProcess
{
    /// <summary>Runs until told to stop, or until leadership is lost.</summary>
    /// <returns>The exit code: 0 after an orderly end, 1 when leadership was lost and the process should be started anew.</returns>
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
        using var work = new LeaderWork(parts);
        Connect(cache, work);

        var elector = new LeaderElector(client, new LeaderElectionOptions { Namespace = settings.Namespace, Name = "kilonova-operator", Identity = settings.Identity });
        var checks = new HealthChecks(logs);
        checks.Add("caches", HealthKind.Readiness, () => cache.HasSynced ? null : "the first lists are not in yet");
        OperatorMetrics.Observe(cache, elector);
        await using var health = await HealthServer.StartAsync(IPEndPoint.Parse(settings.Listen), new HealthEndpoints(checks, metrics), logs, stop);

        // What ends with the process, after the leader's last write.
        using var ending = new CancellationTokenSource();
        var caches = cache.RunAsync(ending.Token);
        var recording = events.RunAsync(ending.Token);
        var end = await elector.RunAsync(work.RunAsync, stop);
        await ending.CancelAsync();
        await Task.WhenAll(caches, recording);
        return end == LeadershipEnd.Lost ? 1 : 0;
    }

    /// <summary>Which change goes where. Without a leader's work running the queues only remember keys, which the leader looks at in any case.</summary>
    private static void Connect(ClusterCache cache, LeaderWork work)
    {
        cache.Servers.OnChange(work.Changed);
        cache.Instances.OnChange(work.Changed);
        cache.Providers.OnChange(work.Changed);
        cache.Hypervisors.OnChange(work.Changed);
        cache.Leases.OnChange(work.Changed);
        cache.Aggregates.OnChange(work.Changed);
        cache.Flavors.OnChange(_ => work.ReferencesChanged());
        cache.Images.OnChange(_ => work.ReferencesChanged());
        cache.KeyPairs.OnChange(_ => work.ReferencesChanged());
        cache.Networks.OnChange(_ => work.ReferencesChanged());
    }
}
