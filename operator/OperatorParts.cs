using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Events;
using Kilonova.Operator.Cluster;
using Kilonova.Operator.Hosts;
using Microsoft.Extensions.Logging;

namespace Kilonova.Operator;

/// <summary>What lives as long as the process, leader or not.</summary>
public sealed record OperatorParts(
    OperatorSettings Settings, KubernetesClient Client, ClusterCache Cache, HostLiveness Liveness, EventRecorder Events, TimeProvider Time, ILoggerFactory Logs);
