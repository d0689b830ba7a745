using Kilonova.Crds;

namespace Kilonova.Operator.Protocol;

/// <summary>Who holds a ledger entry, as written in <see cref="Allocation.Holder"/>.</summary>
public static class Holder
{
    /// <summary>Start of the holder of a Server's own claim.</summary>
    public const string ServerPrefix = "Server/";

    /// <summary>The holder of a Server's own claim.</summary>
    public static string Of(Server server)
    {
        ArgumentNullException.ThrowIfNull(server);
        return $"{ServerPrefix}{server.Metadata.Namespace}/{server.Metadata.Name}";
    }

    /// <summary>The Server that an entry names; null when a Migration holds it.</summary>
    public static (string Namespace, string Name)? ServerOf(Allocation entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var parts = entry.Holder.Split('/');
        return parts.Length == 3 && entry.Holder.StartsWith(ServerPrefix, StringComparison.Ordinal) ? (parts[1], parts[2]) : null;
    }
}
