namespace Kilonova.Faults;

/// <summary>What a request to an API server is about.</summary>
/// <param name="Verb">Kubernetes' verb.</param>
/// <param name="Resource">Plural, with the subresource where there is one; the path where it is no resource.</param>
/// <param name="Namespace">Namespace, if any.</param>
/// <param name="Name">Object, if one is named.</param>
public readonly record struct ApiCall(string Verb, string Resource, string? Namespace, string? Name)
{
    /// <summary>Reads method and URL as the server does.</summary>
    public static ApiCall Of(string method, string path, bool watch)
    {
        ArgumentNullException.ThrowIfNull(path);
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.UnescapeDataString).ToArray();
        var rest = parts switch
        {
            ["api", _, .. var core] => core,
            ["apis", _, _, .. var grouped] => grouped,
            _ => [],
        };
        if (rest.Length == 0)
            return new(VerbOf(method, named: true, watch), path, null, null);
        string? ns = null;
        if (rest is ["namespaces", var of, _, ..] && rest is not [_, _, "status" or "finalize"])
        {
            ns = of;
            rest = rest[2..];
        }

        var name = rest.Length > 1 ? rest[1] : null;
        var resource = rest.Length > 2 ? $"{rest[0]}/{rest[2]}" : rest[0];
        return new(VerbOf(method, name is not null, watch), resource, ns, name);
    }

    private static string VerbOf(string method, bool named, bool watch) => method switch
    {
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => named ? "delete" : "deletecollection",
        _ => watch ? "watch" : named ? "get" : "list",
    };
}
