using Kilonova.Crds;
using Kilonova.Scheduling;

namespace Kilonova.Operator.Servers;

/// <summary>Everything that a Server names, found and checked; or the first thing that is missing.</summary>
public abstract record Resolution
{
    /// <summary>All was found.</summary>
    public sealed record Complete(Flavor Flavor, Image? Image, IReadOnlyList<KeyPair> Keys, IReadOnlyList<Network> Networks) : Resolution;

    /// <summary>Something is missing or does not go together. It is looked at again when it changes.</summary>
    /// <param name="Reason">Reason of the condition, for instance <c>FlavorNotFound</c>.</param>
    /// <param name="Message">Message of the condition.</param>
    public sealed record Missing(string Reason, string Message) : Resolution;
}

/// <summary>Finds what a Server names.</summary>
public static class ServerResolver
{
    /// <summary>Resolves all references of a Server but Secrets, which are read only when they are copied.</summary>
    public static Resolution Resolve(Server server, ICatalog catalog)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(catalog);
        var spec = server.Spec;
        var ns = server.Metadata.Namespace!;

        var references = ServerReferences.Of(server, catalog);
        if (references is ServerReferences.Missing missing)
            return new Resolution.Missing(missing.Reason, missing.Message);
        var (flavor, image) = (ServerReferences.Found)references;
        if (image is not null && image.Spec.Source?.Url is null)
            return new Resolution.Missing("ImageHasNoSource", $"Image \"{image.Metadata.Name}\" has no spec.source.url to fetch it from.");

        var keys = new List<KeyPair>();
        foreach (var name in spec.KeyPairs ?? [])
        {
            if (catalog.KeyPair(ns, name) is not { } key)
                return new Resolution.Missing("KeyPairNotFound", $"KeyPair \"{name}\" does not exist in namespace \"{ns}\". The server goes on when it does.");
            keys.Add(key);
        }

        var networks = new List<Network>();
        foreach (var network in spec.Networks ?? [])
        {
            if (catalog.Network(network.Network) is not { } found)
                return new Resolution.Missing("NetworkNotFound", $"Network \"{network.Network}\" does not exist. The server goes on when it does.");
            networks.Add(found);
        }

        if (ServerReferences.Hints(server, catalog, out _) is { } unknown)
            return new Resolution.Missing(unknown.Reason, unknown.Message);
        return new Resolution.Complete(flavor, image, keys, networks);
    }
}
