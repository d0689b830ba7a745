namespace Kilonova.Crds.Meta;

/// <summary>Where objects of a kind live.</summary>
public enum Scope
{
    /// <summary>In namespaces.</summary>
    Namespaced,

    /// <summary>In the cluster.</summary>
    Cluster,
}

/// <summary>Names a wire record's place in the API.</summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class KindAttribute(string group, string version, string kind, string plural, Scope scope = Scope.Namespaced) : Attribute
{
    /// <summary>API group; empty for the core group.</summary>
    public string Group { get; } = group;

    /// <summary>API version.</summary>
    public string Version { get; } = version;

    /// <summary>Kind.</summary>
    public string Kind { get; } = kind;

    /// <summary>Resource name in URLs.</summary>
    public string Plural { get; } = plural;

    /// <summary>Where its objects live.</summary>
    public Scope Scope { get; } = scope;

    /// <summary><c>group/version</c>, or <c>version</c> in the core group.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";
}
