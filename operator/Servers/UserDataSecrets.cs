using System.Collections.Concurrent;
using System.Text;
using Kilonova.Crds;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Core;

namespace Kilonova.Operator.Servers;

/// <summary>
/// Puts a guest's user data into a Secret beside its Instance: agents read no tenant's Secrets. The Secret bears the Instance's name and is owned by that
/// very Instance, so that it goes with it; it is written after the Instance, and a crash in between leaves an agent that waits for it, visibly.
/// </summary>
public sealed class UserDataSecrets(ApiResources api)
{
    private readonly ConcurrentDictionary<string, string> _done = new(StringComparer.Ordinal);

    /// <summary>The Secret that a Server takes its user data from, if it, or the key in it, is missing.</summary>
    public async Task<Resolution.Missing?> FindMissingAsync(Server server, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(server);
        if (server.Spec.UserDataFrom is not { } from)
            return null;
        var ns = server.Metadata.Namespace!;
        if (await api.Secrets.GetAsync(new NamespacedName(ns, from.Name), cancellation) is not { } secret)
            return new Resolution.Missing("SecretNotFound", $"Secret \"{from.Name}\", named by spec.userDataFrom, does not exist in namespace \"{ns}\". The server goes on when it does.");
        return secret.Data?.ContainsKey(from.Key) == true
            ? null
            : new Resolution.Missing("SecretKeyNotFound", $"Secret \"{from.Name}\" has no key \"{from.Key}\", named by spec.userDataFrom. The server goes on when it has.");
    }

    /// <summary>Writes the Secret unless it is there.</summary>
    /// <returns>False when it cannot be written yet: its source, or an older one of its name, is in the way.</returns>
    public async Task<bool> EnsureAsync(Server server, Instance instance, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(instance);
        var id = instance.Metadata.Name!;
        if (_done.TryGetValue(id, out var owner) && owner == instance.Metadata.Uid)
            return true;
        if (await UserDataAsync(server, cancellation) is not { } userData)
            return false;

        var secret = new Secret
        {
            Metadata = new ObjectMeta
            {
                Name = id,
                Namespace = instance.Metadata.Namespace,
                OwnerReferences = [new OwnerReference { ApiVersion = ApiGroup.ApiVersion, Kind = nameof(Instance), Name = id, Uid = instance.Metadata.Uid! }],
            },
            Type = "Opaque",
            Immutable = true,
            Data = new Dictionary<string, byte[]> { [ApiGroup.UserDataKey] = userData },
        };
        try
        {
            await api.Secrets.CreateAsync(secret, cancellation);
        }
        catch (KubernetesException e) when (e.IsAlreadyExists)
        {
            var there = await api.Secrets.GetAsync(NamespacedName.Of(secret), cancellation);
            if (there is not null && there.Metadata.OwnerReferences?.Any(o => o.Uid == instance.Metadata.Uid) != true)
            {
                // Of an earlier Instance of this ID, and not yet collected with it.
                await api.Secrets.DeleteAsync(there, cancel: cancellation);
                return false;
            }
        }

        _done[id] = instance.Metadata.Uid!;
        return true;
    }

    /// <summary>An instance ID is gone.</summary>
    public void Forget(string instanceID) => _done.TryRemove(instanceID, out _);

    private async Task<byte[]?> UserDataAsync(Server server, CancellationToken cancellation)
    {
        if (server.Spec.UserData is { } text)
            return Encoding.UTF8.GetBytes(text);
        if (server.Spec.UserDataFrom is not { } from)
            return [];
        var secret = await api.Secrets.GetAsync(new NamespacedName(server.Metadata.Namespace, from.Name), cancellation);
        return secret?.Data?.GetValueOrDefault(from.Key);
    }
}
