using System.Text.Json.Nodes;

namespace Kilonova.Operator.Tests.Live.Permissions;

/// <summary>A verb, with its letter in the matrix.</summary>
internal enum Verb
{
    Get = 'g',
    List = 'l',
    Watch = 'w',
    Create = 'c',
    Update = 'u',
    Patch = 'p',
    Delete = 'd',
    DeleteCollection = 'x',
}

/// <summary>What somebody may or may not touch: objects of one kind, in one place.</summary>
internal sealed record MatrixRow(string ApiVersion, string Kind, string Plural, string? Namespace = null, string? Name = null, string? Subresource = null)
{
    private static readonly Verb[] All = [Verb.Get, Verb.List, Verb.Watch, Verb.Create, Verb.Update, Verb.Patch, Verb.Delete, Verb.DeleteCollection];

    private string Root => ApiVersion == "v1" ? "/api/v1" : $"/apis/{ApiVersion}";

    private string Collection => Root + (Namespace is null ? "" : $"/namespaces/{Namespace}") + $"/{Plural}";

    private string Named => Name ?? "any";

    public string Path => $"{Collection}/{Named}{(Subresource is null ? "" : "/" + Subresource)}";

    public string Label => $"{Plural}{(Subresource is null ? "" : "/" + Subresource)}{(Name is null || Guid.TryParse(Name, out _) ? "" : " " + Name)}{(Namespace is null ? "" : " in " + Namespace)}";

    public IEnumerable<Verb> Verbs => Subresource is null ? All : [Verb.Update, Verb.Patch];

    /// <summary>Sends one request, which changes nothing whatever its answer.</summary>
    /// <param name="caller">Who sends.</param>
    /// <param name="person">In whose name.</param>
    /// <param name="verb">What is tried.</param>
    /// <param name="existing">The object as it is; null when there is none.</param>
    public Task<Answer> TryAsync(Caller caller, Person person, Verb verb, JsonNode? existing)
    {
        const string Dry = "dryRun=All";
        var only = Namespace is null && Name is not null ? $"&fieldSelector=metadata.name%3D{Name}" : "";
        return verb switch
        {
            Verb.Get => caller.SendAsync(person, HttpMethod.Get, Path),
            Verb.List => caller.SendAsync(person, HttpMethod.Get, $"{Collection}?limit=1{only}"),
            Verb.Watch => caller.SendAsync(person, HttpMethod.Get, $"{Collection}?watch=true&timeoutSeconds=1{only}"),
            Verb.Create => caller.SendAsync(person, HttpMethod.Post, $"{Collection}?{Dry}", New(existing)),
            Verb.Update => caller.SendAsync(person, HttpMethod.Put, $"{Path}?{Dry}", existing?.DeepClone() ?? New(null)),
            Verb.Patch => caller.SendAsync(person, HttpMethod.Patch, $"{Path}?{Dry}", new JsonObject(), "application/merge-patch+json"),
            Verb.Delete => caller.SendAsync(person, HttpMethod.Delete, $"{Path}?{Dry}"),
            _ => caller.SendAsync(person, HttpMethod.Delete, $"{Collection}?{Dry}{only}"),
        };
    }

    private JsonObject New(JsonNode? existing)
    {
        var metadata = new JsonObject { ["name"] = Named };
        if (Namespace is not null)
            metadata["namespace"] = Namespace;
        var made = new JsonObject { ["apiVersion"] = ApiVersion, ["kind"] = Kind, ["metadata"] = metadata };
        // A Hypervisor is created empty; the rest of a spec is asked for by the kinds.
        if (existing?["spec"] is { } spec)
            made["spec"] = Kind == "Hypervisor" ? new JsonObject() : spec.DeepClone();
        return made;
    }
}
