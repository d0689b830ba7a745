using Kilonova.Crds.Meta;

namespace Kilonova.Kubernetes.Client;

/// <summary>
/// What must still hold for a write to be accepted: the object is the same (<see cref="Uid"/>) and nobody wrote it
/// since (<see cref="ResourceVersion"/>). Goes into the patch's metadata; a server that finds otherwise answers with
/// an error for which <see cref="KubernetesException.IsGuardFailure"/> holds.
/// </summary>
public readonly record struct Guard
{
    private Guard(string? uid, string? resourceVersion)
    {
        Uid = uid;
        ResourceVersion = resourceVersion;
    }

    /// <summary>No guard: the patch applies to whatever has the name. Only for writes that are right in any case.</summary>
    public static Guard None => default;

    /// <summary>UID that the object must have.</summary>
    public string? Uid { get; }

    /// <summary>Version that the object must have.</summary>
    public string? ResourceVersion { get; }

    /// <summary>The object as it was read: same UID, same version.</summary>
    /// <exception cref="ArgumentException">The object was not read from the API server: it lacks a UID or version.</exception>
    public static Guard On(IKubernetesObject obj)
    {
        RequireUid(obj);
        return obj.Metadata.ResourceVersion is { Length: > 0 } version
            ? new(obj.Metadata.Uid, version)
            : throw new ArgumentException($"{NamespacedName.Of(obj)} has no metadata.resourceVersion: a guarded write starts from an object that was read", nameof(obj));
    }

    /// <summary>The same object, in whatever version.</summary>
    /// <exception cref="ArgumentException">The object has no UID.</exception>
    public static Guard Identity(IKubernetesObject obj)
    {
        RequireUid(obj);
        return new(obj.Metadata.Uid, null);
    }

    internal static void RequireUid(IKubernetesObject obj)
    {
        ArgumentNullException.ThrowIfNull(obj);
        if (string.IsNullOrEmpty(obj.Metadata.Uid))
            throw new ArgumentException($"{NamespacedName.Of(obj)} has no metadata.uid: this write must name the very object it means", nameof(obj));
    }
}
