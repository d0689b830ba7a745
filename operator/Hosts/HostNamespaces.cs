using System.Collections.Concurrent;
using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Controllers;
using Kilonova.Kubernetes.Core;
using Kilonova.Operator.Cluster;
using Microsoft.Extensions.Logging;

namespace Kilonova.Operator.Hosts;

/// <summary>
/// Gives each host a namespace of its own, in which its agent, and no other, reads work orders and writes what it did. It stays when the Hypervisor goes:
/// what is in it is cleaned up by the protocol, not by deleting the namespace.
/// </summary>
public sealed class HostNamespaces(KubernetesClient client, ClusterCache cache, ILogger<HostNamespaces> logger)
{
    /// <summary>Name of the Role and of its binding.</summary>
    public const string RoleName = "kilonova-agent";

    private readonly Resource<Namespace> _namespaces = client.Resource(CoreResources.Namespaces);
    private readonly Resource<Role> _roles = client.Resource(ResourceType.Of(RbacJson.Default.Role));
    private readonly Resource<RoleBinding> _bindings = client.Resource(ResourceType.Of(RbacJson.Default.RoleBinding));
    private readonly ConcurrentDictionary<string, bool> _done = new(StringComparer.Ordinal);

    /// <summary>Sees to the namespace of one host.</summary>
    public async Task<Result> ReconcileAsync(string host, CancellationToken cancellation)
    {
        if (cache.Hypervisors.Get(new NamespacedName(host)) is not { } hypervisor)
        {
            _done.TryRemove(host, out _);
            return Result.Done;
        }

        if (_done.ContainsKey(host) || hypervisor.Metadata.DeletionTimestamp is not null)
            return Result.Done;

        var ns = ApiGroup.HostNamespace(host);
        await ApplyAsync(_namespaces, new Namespace { Metadata = new ObjectMeta { Name = ns, Labels = Labels(host) } }, cancellation);
        await ApplyAsync(_roles, RoleOf(ns, host), cancellation);
        await ApplyAsync(_bindings, BindingOf(ns, host), cancellation);
        _done[host] = true;
        logger.HostNamespaceReady(ns, host);
        return Result.Done;
    }

    /// <summary>What an agent may do in its host's namespace.</summary>
    public static Role RoleOf(string @namespace, string host) => new()
    {
        Metadata = new ObjectMeta { Name = RoleName, Namespace = @namespace, Labels = Labels(host) },
        Rules =
        [
            Rule(ApiGroup.Name, ["instances"], "get", "list", "watch", "update", "patch"),
            Rule(ApiGroup.Name, ["instances/status"], "update", "patch"),
            Rule("", ["secrets"], "get"),
            Rule("coordination.k8s.io", ["leases"], "get", "create", "update", "patch"),
            Rule("events.k8s.io", ["events"], "create", "update", "patch"),
        ],
    };

    private static RoleBinding BindingOf(string @namespace, string host) => new()
    {
        Metadata = new ObjectMeta { Name = RoleName, Namespace = @namespace, Labels = Labels(host) },
        RoleRef = new RoleRef { ApiGroup = "rbac.authorization.k8s.io", Kind = "Role", Name = RoleName },
        Subjects = [new Subject { ApiGroup = "rbac.authorization.k8s.io", Kind = "User", Name = $"kilonova:host:{host}" }],
    };

    private static PolicyRule Rule(string group, IReadOnlyList<string> resources, params IReadOnlyList<string> verbs) =>
        new() { ApiGroups = [group], Resources = resources, Verbs = verbs };

    private static Dictionary<string, string> Labels(string host) => new()
    {
        ["app.kubernetes.io/managed-by"] = "kilonova-operator",
        [ApiGroup.Name + "/host"] = host,
        ["pod-security.kubernetes.io/enforce"] = "restricted",
    };

    private static async Task ApplyAsync<T>(Resource<T> resource, T wanted, CancellationToken cancellation)
        where T : KubernetesObject
    {
        // Read first: after a restart thousands of hosts are as they should be, and a read costs less than a write.
        if (await resource.GetAsync(NamespacedName.Of(wanted), cancellation) is not { } there)
        {
            try
            {
                await resource.CreateAsync(wanted, cancellation);
                return;
            }
            catch (KubernetesException e) when (e.IsAlreadyExists)
            {
                return;
            }
        }

        var metadata = there.Metadata with { Labels = Merge(there.Metadata.Labels, wanted.Metadata.Labels!) };
        if (MergePatch.Between(resource.Type, there, wanted with { Metadata = metadata, Extensions = there.Extensions }) is not null && wanted is not Namespace)
            await resource.PatchChangesAsync(there, wanted with { Metadata = metadata, Extensions = there.Extensions }, cancel: cancellation);
    }

    private static Dictionary<string, string> Merge(IReadOnlyDictionary<string, string>? old, IReadOnlyDictionary<string, string> ours)
    {
        var all = new Dictionary<string, string>(old ?? new Dictionary<string, string>());
        foreach (var (key, value) in ours)
            all[key] = value;
        return all;
    }
}
