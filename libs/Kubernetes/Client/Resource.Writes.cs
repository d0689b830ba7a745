using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kilonova.Crds.Meta;

namespace Kilonova.Kubernetes.Client;

public sealed partial class Resource<T>
    where T : KubernetesObject
{
    private const string Json = "application/json";

    /// <summary>Creates an object.</summary>
    /// <exception cref="KubernetesException"><see cref="KubernetesException.IsAlreadyExists"/> when the name is taken.</exception>
    public Task<T> CreateAsync(T obj, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(obj);
        RequireWhole();
        Type.RequireNamespace(obj.Metadata.Namespace);
        var named = !string.IsNullOrEmpty(obj.Metadata.Name);
        if (!named && string.IsNullOrEmpty(obj.Metadata.GenerateName))
            throw new ArgumentException("a name or a generateName is needed", nameof(obj));
        if (obj.Metadata.ResourceVersion is not null)
            throw new ArgumentException("an object that has a metadata.resourceVersion exists already", nameof(obj));
        var request = new ApiRequest(HttpMethod.Post, WithManager(Type.CollectionPath(obj.Metadata.Namespace)), "create", Type.Name, named ? RetryRule.Write : RetryRule.Never)
        {
            Body = JsonBody.Of(Type, obj),
            ContentType = Json,
            Target = new NamespacedName(obj.Metadata.Namespace, obj.Metadata.Name ?? obj.Metadata.GenerateName!),
        };
        return _sender.SendAsync(request, ReadObjectAsync, cancel);
    }

    /// <summary>Replaces the object as it was read: refused unless UID and version are still the same.</summary>
    /// <exception cref="ArgumentException">The object lacks a UID or version: it was not read from the API server.</exception>
    /// <exception cref="KubernetesException"><see cref="KubernetesException.IsGuardFailure"/> when somebody else wrote, deleted or re-created it.</exception>
    public Task<T> UpdateAsync(T obj, CancellationToken cancel = default) => PutAsync(obj, null, cancel);

    /// <summary>As <see cref="UpdateAsync"/>, for the status subresource.</summary>
    /// <exception cref="ArgumentException">The object lacks a UID or version.</exception>
    /// <exception cref="KubernetesException"><see cref="KubernetesException.IsGuardFailure"/> when somebody else wrote, deleted or re-created it.</exception>
    public Task<T> UpdateStatusAsync(T obj, CancellationToken cancel = default) => PutAsync(obj, "status", cancel);

    /// <summary>Sends a JSON merge patch, with the guard in its metadata.</summary>
    /// <param name="key">Which object.</param>
    /// <param name="patch">The patch; not changed.</param>
    /// <param name="guard">
    /// What must hold; <see cref="Guard.None"/> must be said. <see cref="Guard.Identity"/> alone cannot guard a subresource: the
    /// server takes the metadata of such a patch from the stored object.
    /// </param>
    /// <param name="subresource">For instance <c>status</c>.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="ArgumentException">A subresource with <see cref="Guard.Identity"/>.</exception>
    /// <exception cref="KubernetesException"><see cref="KubernetesException.IsGuardFailure"/> when the guard does not hold.</exception>
    public Task<T> PatchMergeAsync(NamespacedName key, JsonObject patch, Guard guard, string? subresource = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(patch);
        if (subresource is not null)
            RequireSubresourceGuard(guard);
        var request = new ApiRequest(HttpMethod.Patch, WithManager(Type.ObjectPath(key, subresource)), "patch", Type.Name, RetryRule.Write)
        {
            Body = JsonBody.OfPatch(patch, guard),
            ContentType = "application/merge-patch+json",
            Accept = Type.Accept,
            Target = key,
        };
        return _sender.SendAsync(request, ReadObjectAsync, cancel);
    }

    /// <summary>
    /// Sends what differs between the object as it was read and as it should be, guarded by the read one's version
    /// and UID. Nothing is sent when nothing differs.
    /// </summary>
    /// <returns>The object as it is now.</returns>
    /// <exception cref="ArgumentException"><paramref name="read"/> was not read from the API server.</exception>
    /// <exception cref="KubernetesException"><see cref="KubernetesException.IsGuardFailure"/> when somebody else wrote, deleted or re-created it.</exception>
    public async Task<T> PatchChangesAsync(T read, T wanted, string? subresource = null, CancellationToken cancel = default)
    {
        var guard = Guard.On(read);
        return MergePatch.Between(Type, read, wanted) is { } patch
            ? await PatchMergeAsync(NamespacedName.Of(read), patch, guard, subresource, cancel).ConfigureAwait(false)
            : read;
    }

    /// <summary>
    /// Server-side apply of exactly the fields in <paramref name="obj"/>. It has no guard: whoever applies last wins
    /// the fields that it owns, so never use it for what must not be overwritten.
    /// </summary>
    /// <param name="obj">Name, UID if <paramref name="target"/> is an existing object, and the fields to own. Never a version.</param>
    /// <param name="target">What is meant when the object does not exist.</param>
    /// <param name="fieldManager">Owner of the fields; null is the client's component name.</param>
    /// <param name="force">Takes fields over from other managers.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="ArgumentException">UID and target contradict each other, or a version is given.</exception>
    /// <exception cref="KubernetesException"><see cref="KubernetesException.IsConflict"/> when another manager owns a field, or the object of that UID is gone.</exception>
    public Task<T> ApplyAsync(T obj, ApplyTarget target, string? fieldManager = null, bool force = false, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(obj);
        if (target == ApplyTarget.Existing)
            Guard.RequireUid(obj);
        else if (!string.IsNullOrEmpty(obj.Metadata.Uid))
            throw new ArgumentException($"{NamespacedName.Of(obj)} has a metadata.uid, so an existing object is meant", nameof(target));
        if (obj.Metadata.ResourceVersion is not null)
            throw new ArgumentException("leave metadata.resourceVersion out of a server-side apply: it would not keep a deleted object from being made anew; use a guarded update", nameof(obj));
        return ApplyAsync(obj, null, fieldManager, force, cancel);
    }

    /// <summary>Server-side apply of exactly the status fields in <paramref name="fields"/>; the object must exist.</summary>
    /// <param name="fields">Name, and the fields to own.</param>
    /// <param name="guard">
    /// <see cref="Guard.On"/> the object as it was read, or <see cref="Guard.None"/>: whatever has the name. The UID alone guards
    /// nothing here: the server takes the metadata of a status from the stored object.
    /// </param>
    /// <param name="fieldManager">Owner of the fields; null is the client's component name.</param>
    /// <param name="force">Takes fields over from other managers.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="ArgumentException"><see cref="Guard.Identity"/> is given.</exception>
    /// <exception cref="KubernetesException"><see cref="KubernetesException.IsGuardFailure"/> when the guard does not hold, the object is gone, or another manager owns a field.</exception>
    public Task<T> ApplyStatusAsync(T fields, Guard guard, string? fieldManager = null, bool force = false, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(fields);
        RequireSubresourceGuard(guard);
        return ApplyAsync(fields with { Metadata = fields.Metadata with { Uid = guard.Uid, ResourceVersion = guard.ResourceVersion } }, "status", fieldManager, force, cancel);
    }

    /// <summary>Deletes the very object <paramref name="obj"/>: one re-created under its name is left alone.</summary>
    /// <param name="obj">The object; its UID is the precondition.</param>
    /// <param name="onlyThisVersion">Makes its version a precondition as well.</param>
    /// <param name="propagation">What becomes of the objects it owns.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="ArgumentException">The object has no UID.</exception>
    /// <exception cref="KubernetesException"><see cref="KubernetesException.IsConflict"/> when the name belongs to another object by now, or the version differs.</exception>
    public Task<DeleteOutcome> DeleteAsync(T obj, bool onlyThisVersion = false, Propagation propagation = Propagation.Background, CancellationToken cancel = default)
    {
        Guard.RequireUid(obj);
        var version = onlyThisVersion ? Guard.On(obj).ResourceVersion : null;
        return DeleteAsync(NamespacedName.Of(obj), obj.Metadata.Uid!, version, propagation, cancel);
    }

    /// <summary>Deletes the object of that name and UID.</summary>
    /// <exception cref="ArgumentException">The UID is empty.</exception>
    /// <exception cref="KubernetesException"><see cref="KubernetesException.IsConflict"/> when the name belongs to another object by now, or the version differs.</exception>
    public async Task<DeleteOutcome> DeleteAsync(NamespacedName key, string uid, string? resourceVersion = null, Propagation propagation = Propagation.Background, CancellationToken cancel = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(uid);
        var request = new ApiRequest(HttpMethod.Delete, Type.ObjectPath(key), "delete", Type.Name, RetryRule.Write)
        {
            Body = JsonBody.OfDelete(uid, resourceVersion, propagation),
            ContentType = Json,
            Target = key,
        };
        try
        {
            return await _sender.SendAsync(request, ReadOutcomeAsync, cancel).ConfigureAwait(false);
        }
        catch (KubernetesException e) when (e.IsObjectAbsent)
        {
            return DeleteOutcome.NotFound;
        }
    }

    private static async ValueTask<DeleteOutcome> ReadOutcomeAsync(Stream stream, CancellationToken cancel)
    {
        // A Status says that it is gone; the object itself, that something is still waited for.
        var answer = await JsonSerializer.DeserializeAsync(stream, ClientJson.Default.PartialObject, cancel).ConfigureAwait(false);
        return answer is { Kind: not "Status", Metadata.DeletionTimestamp: not null } ? DeleteOutcome.Terminating : DeleteOutcome.Gone;
    }

    private void RequireWhole()
    {
        if (Type.IsMetadataOnly)
            throw new InvalidOperationException($"of {Type.Name} only metadata is known here: it can be patched and deleted, not created, replaced or applied");
    }

    private static void RequireSubresourceGuard(Guard guard)
    {
        if (guard is { Uid: not null, ResourceVersion: null })
            throw new ArgumentException("servers do not look at the UID in a patch of a subresource: guard it by the version as well (Guard.On)", nameof(guard));
    }

    private Task<T> PutAsync(T obj, string? subresource, CancellationToken cancel)
    {
        RequireWhole();
        _ = Guard.On(obj);
        var key = NamespacedName.Of(obj);
        var request = new ApiRequest(HttpMethod.Put, WithManager(Type.ObjectPath(key, subresource)), "update", Type.Name, RetryRule.Write)
        {
            Body = JsonBody.Of(Type, obj),
            ContentType = Json,
            Target = key,
        };
        return _sender.SendAsync(request, ReadObjectAsync, cancel);
    }

    private Task<T> ApplyAsync(T obj, string? subresource, string? fieldManager, bool force, CancellationToken cancel)
    {
        RequireWhole();
        var key = NamespacedName.Of(obj);
        var path = new StringBuilder(WithManager(Type.ObjectPath(key, subresource), fieldManager));
        if (force)
            path.Append("&force=true");
        var request = new ApiRequest(HttpMethod.Patch, path.ToString(), "apply", Type.Name, RetryRule.Write)
        {
            Body = JsonBody.Of(Type, obj),
            ContentType = "application/apply-patch+yaml",
            Target = key,
        };
        return _sender.SendAsync(request, ReadObjectAsync, cancel);
    }

    private string WithManager(string path, string? manager = null)
    {
        manager ??= Options.Component;
        // The server's own limit; each manager is kept in every object that it writes, so there are to be few.
        return manager.Length <= 128 ? $"{path}?fieldManager={Uri.EscapeDataString(manager)}" : throw new ArgumentException("a field manager has at most 128 characters", nameof(manager));
    }
}
