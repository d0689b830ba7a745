using System.Text.Json.Nodes;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;

namespace Kilonova.Kubernetes.Controllers;

/// <summary>Adds and removes finalizers: guarded, on the very object that is meant, whatever else is on it.</summary>
public static class Finalizers
{
    private const int Tries = 5;

    /// <summary>Whether the object has the finalizer.</summary>
    public static bool Has(IKubernetesObject obj, string finalizer)
    {
        ArgumentNullException.ThrowIfNull(obj);
        return obj.Metadata.Finalizers?.Contains(finalizer) == true;
    }

    /// <summary>Adds a finalizer to the object.</summary>
    /// <returns>The object as it is now; null when it, by UID, is gone or is being deleted without the finalizer, so that none can be added.</returns>
    /// <exception cref="KubernetesException">The server refused, or the object is written so often that no try got through.</exception>
    public static Task<T?> AddAsync<T>(Resource<T> resource, T obj, string finalizer, CancellationToken cancel = default)
        where T : KubernetesObject =>
        ChangeAsync(resource, obj, current => Has(current, finalizer), current => current.Metadata.DeletionTimestamp is null, names => names.Add(finalizer), cancel);

    /// <summary>Removes a finalizer from the object. When it was the last one of a deleted object, the object goes.</summary>
    /// <returns>The object as it is now, or as it was when it went; null when it, by UID, was gone already.</returns>
    /// <exception cref="KubernetesException">The server refused, or the object is written so often that no try got through.</exception>
    public static Task<T?> RemoveAsync<T>(Resource<T> resource, T obj, string finalizer, CancellationToken cancel = default)
        where T : KubernetesObject =>
        ChangeAsync(resource, obj, current => !Has(current, finalizer), _ => true, names => names.Remove(finalizer), cancel);

    private static async Task<T?> ChangeAsync<T>(Resource<T> resource, T obj, Func<T, bool> isDone, Func<T, bool> isPossible, Action<List<string>> change, CancellationToken cancel)
        where T : KubernetesObject
    {
        ArgumentNullException.ThrowIfNull(resource);
        var current = obj;
        for (var attempt = 1; ; attempt++)
        {
            if (isDone(current))
                return current;
            if (!isPossible(current))
                return null;
            var names = new List<string>(current.Metadata.Finalizers ?? []);
            change(names);
            var patch = new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = new JsonArray([.. names.Select(n => JsonValue.Create(n))]) } };
            try
            {
                return await resource.PatchMergeAsync(NamespacedName.Of(current), patch, Guard.On(current), cancel: cancel).ConfigureAwait(false);
            }
            catch (KubernetesException e) when (e.IsGuardFailure && attempt < Tries)
            {
                // The list that was sent is whole, so it may only replace the list that it was made from.
                if (await resource.ReloadAsync(obj, cancel).ConfigureAwait(false) is not { } reloaded)
                    return null;
                current = reloaded;
            }
        }
    }
}
