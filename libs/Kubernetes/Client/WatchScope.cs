namespace Kilonova.Kubernetes.Client;

/// <summary>
/// What a list or watch covers. It is always given explicitly: the API server evaluates every event against every
/// watch that is not narrowed to a namespace or a name, so a component that runs on every node must never use the
/// wide ones.
/// </summary>
public sealed record WatchScope
{
    private WatchScope()
    {
    }

    /// <summary>Every namespace; namespaced kinds only.</summary>
    public static WatchScope AllNamespaces { get; } = new();

    /// <summary>The whole cluster; cluster-scoped kinds only.</summary>
    public static WatchScope Cluster { get; } = new() { IsCluster = true };

    /// <summary>Namespace that it is narrowed to.</summary>
    public string? Namespace { get; private init; }

    /// <summary>Name that it is narrowed to.</summary>
    public string? Name { get; private init; }

    internal bool IsCluster { get; private init; }

    /// <summary>One namespace.</summary>
    public static WatchScope InNamespace(string ns)
    {
        ArgumentException.ThrowIfNullOrEmpty(ns);
        return new() { Namespace = ns };
    }

    /// <summary>One object of a namespaced kind.</summary>
    public static WatchScope Named(string ns, string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(ns);
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new() { Namespace = ns, Name = name };
    }

    /// <summary>One object of a cluster-scoped kind.</summary>
    public static WatchScope Named(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new() { Name = name, IsCluster = true };
    }

    /// <inheritdoc/>
    public override string ToString() => (Namespace, Name) switch
    {
        (null, null) => IsCluster ? "cluster" : "all namespaces",
        (null, { } name) => name,
        ({ } ns, null) => $"namespace {ns}",
        ({ } ns, { } name) => $"{ns}/{name}",
    };
}
