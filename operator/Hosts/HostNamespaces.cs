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
/// Gives each host a namespace of its own, in which its agent, and no other, reads work orders and writes what it did; and the agent what it may do with its
/// Hypervisor and ledger, by name. All of it stays when the Hypervisor goes: what is in the namespace is cleaned up by the protocol, not by deleting it.
/// </summary>
public sealed class HostNamespaces(KubernetesClient client, ClusterCache cache, ILogger<HostNamespaces> logger)
{
    /// <summary>Name of the Role and of its binding.</summary>
    public const string RoleName = "kilonova-agent";

    private const string RbacGroup = "rbac.authorization.k8s.io";

    private readonly Resource<Namespace> _namespaces = client.Resource(CoreResources.Namespaces);
    private readonly Resource<Role> _roles = client.Resource(ResourceType.Of(RbacJson.Default.Role));
    private readonly Resource<RoleBinding> _bindings = client.Resource(ResourceType.Of(RbacJson.Default.RoleBinding));
    private readonly Resource<ClusterRole> _clusterRoles = client.Resource(ResourceType.Of(RbacJson.Default.ClusterRole));
    private readonly Resource<ClusterRoleBinding> _clusterBindings = client.Resource(ResourceType.Of(RbacJson.Default.ClusterRoleBinding));
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

        // First what the agent waits for: it has registered and may not read yet what it wrote.
        await ApplyAsync(_clusterRoles, ClusterRoleOf(host), cancellation);
        await ApplyAsync(_clusterBindings, ClusterBindingOf(host), cancellation);
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
            Rule("coordination.k8s.io", ["leases"], "create"),
            Rule("coordination.k8s.io", ["leases"], "get", "update", "patch") with { ResourceNames = [ApiGroup.AgentLeaseName] },
            Rule("events.k8s.io", ["events"], "create", "update", "patch"),
        ],
    };

    /// <summary>What an agent may do with its host's objects in the cluster. That it may create them every agent has from the beginning.</summary>
    public static ClusterRole ClusterRoleOf(string host) => new()
    {
        Metadata = new ObjectMeta { Name = ApiGroup.HostUser(host), Labels = Labels(host) },
        Rules =
        [
            Rule(ApiGroup.Name, ["hypervisors"], "get", "list", "watch") with { ResourceNames = [host] },
            Rule(ApiGroup.Name, ["hypervisors/status"], "update", "patch") with { ResourceNames = [host] },
            Rule(ApiGroup.Name, ["resourceproviders"], "get", "update", "patch") with { ResourceNames = [host] },
        ],
    };

    private static RoleBinding BindingOf(string @namespace, string host) => new()
    {
        Metadata = new ObjectMeta { Name = RoleName, Namespace = @namespace, Labels = Labels(host) },
        RoleRef = new RoleRef { ApiGroup = RbacGroup, Kind = "Role", Name = RoleName },
        Subjects = [Agent(host)],
    };

    private static ClusterRoleBinding ClusterBindingOf(string host) => new()
    {
        Metadata = new ObjectMeta { Name = ApiGroup.HostUser(host), Labels = Labels(host) },
        RoleRef = new RoleRef { ApiGroup = RbacGroup, Kind = "ClusterRole", Name = ApiGroup.HostUser(host) },
        Subjects = [Agent(host)],
    };

    private static Subject Agent(string host) => new() { ApiGroup = RbacGroup, Kind = "User", Name = ApiGroup.HostUser(host) };

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
