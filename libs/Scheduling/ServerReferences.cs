using Kilonova.Crds;

namespace Kilonova.Scheduling;

/// <summary>Flavors and images that Servers can name.</summary>
public interface IFlavorCatalog
{
    /// <summary>A Flavor.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>Null when there is none.</returns>
    Flavor? Flavor(string name);

    /// <summary>An Image.</summary>
    /// <param name="namespace">Its namespace.</param>
    /// <param name="name">Its name.</param>
    /// <returns>Null when there is none.</returns>
    Image? Image(string @namespace, string name);
}

/// <summary>Servers and groups that hints can name.</summary>
public interface IServerDirectory
{
    /// <summary>A Server.</summary>
    /// <param name="namespace">Its namespace.</param>
    /// <param name="name">Its name.</param>
    /// <returns>Null when there is none.</returns>
    Server? Server(string @namespace, string name);

    /// <summary>A ServerGroup.</summary>
    /// <param name="namespace">Its namespace.</param>
    /// <param name="name">Its name.</param>
    /// <returns>Null when there is none.</returns>
    ServerGroup? ServerGroup(string @namespace, string name);
}

/// <summary>What a Server names that its placement depends on; or the first thing that is missing.</summary>
public abstract record ServerReferences
{
    private ServerReferences()
    {
    }

    /// <summary>All was found.</summary>
    /// <param name="Flavor">Its flavor.</param>
    /// <param name="Image">Its image; null when it names none.</param>
    public sealed record Found(Flavor Flavor, Image? Image) : ServerReferences;

    /// <summary>Something is missing.</summary>
    /// <param name="Reason">Reason of a condition, for instance <c>FlavorNotFound</c>.</param>
    /// <param name="Message">Message of a condition.</param>
    public sealed record Missing(string Reason, string Message) : ServerReferences;

    /// <summary>Finds flavor and image.</summary>
    /// <param name="server">The server, with its namespace.</param>
    /// <param name="catalog">Where to look.</param>
    /// <returns>Both; or what is missing.</returns>
    public static ServerReferences Of(Server server, IFlavorCatalog catalog)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(catalog);
        if (catalog.Flavor(server.Spec.Flavor) is not { } flavor)
            return new Missing("FlavorNotFound", $"Flavor \"{server.Spec.Flavor}\" does not exist. The server goes on when it does.");
        if (server.Spec.Image is not { } reference) return new Found(flavor, null);
        var own = server.Metadata.Namespace!;
        var from = reference.Namespace ?? own;
        // One text for both: whether a private image of another project exists is not told.
        return catalog.Image(from, reference.Name) is { } image && (from == own || image.Spec.Visibility == ImageVisibility.Public)
            ? new Found(flavor, image)
            : new Missing("ImageNotFound", $"Image \"{reference.Name}\" does not exist in namespace \"{from}\", or is not public. The server goes on when it does.");
    }

    /// <summary>Finds what the hints of a server name.</summary>
    /// <param name="server">The server, with its namespace and identity.</param>
    /// <param name="directory">Where to look.</param>
    /// <param name="context">What was found, for <see cref="SchedulingRequest.For"/>.</param>
    /// <returns>Null; or the first thing that is missing.</returns>
    public static Missing? Hints(Server server, IServerDirectory directory, out RequestContext context)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(directory);
        context = new RequestContext();
        if (server.Spec.SchedulerHints is not { } hints) return null;
        var ns = server.Metadata.Namespace!;
        if (Identities(hints.SameHost, "sameHost", ns, directory, out var same) is { } notSame) return notSame;
        if (Identities(hints.DifferentHost, "differentHost", ns, directory, out var different) is { } notDifferent) return notDifferent;
        ServerGroup? group = null;
        if (hints.Group is { } name && (group = directory.ServerGroup(ns, name)) is null)
            return new Missing("ServerGroupNotFound", $"ServerGroup \"{name}\" does not exist in namespace \"{ns}\". The server goes on when it does.");
        context = new RequestContext
        {
            SameHostAs = [.. same],
            DifferentHostFrom = [.. different],
            Group = group is null ? null : ServerGroupFacts.Of(group, InstanceID(server) ?? ""),
        };
        return null;
    }

    /// <summary>Identity of a server: <c>status.instanceID</c>, else its UID.</summary>
    /// <param name="server">The server.</param>
    /// <returns>Null when it has neither.</returns>
    public static string? InstanceID(Server server)
    {
        ArgumentNullException.ThrowIfNull(server);
        return server.Status?.InstanceID ?? server.Metadata.Uid;
    }

    private static Missing? Identities(IReadOnlyList<string>? names, string hint, string ns, IServerDirectory directory, out List<string> identities)
    {
        identities = [];
        foreach (var name in names ?? [])
        {
            if (directory.Server(ns, name) is not { } server || InstanceID(server) is not { } identity)
                return new Missing("ServerNotFound", $"Server \"{name}\", which schedulerHints.{hint} names, does not exist in namespace \"{ns}\". The server goes on when it does.");
            identities.Add(identity);
        }

        return null;
    }
}
