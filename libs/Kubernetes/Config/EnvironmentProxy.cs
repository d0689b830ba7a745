using System.Net;

namespace Kilonova.Kubernetes.Config;

/// <summary>
/// The proxy that the environment names for an address, by the rules of Kubernetes' own clients (Go's <c>httpproxy</c>): <c>HTTPS_PROXY</c>
/// or <c>HTTP_PROXY</c> by the address' scheme, <c>NO_PROXY</c> with addresses, networks, domains, ports and <c>*</c>; small letters go first.
/// </summary>
internal static class EnvironmentProxy
{
    /// <exception cref="KubernetesConfigException">The variable holds no address.</exception>
    public static Uri? For(Uri server, Func<string, string?> environment)
    {
        var variable = server.Scheme == Uri.UriSchemeHttps ? "HTTPS_PROXY" : "HTTP_PROXY";
        if (Read(environment, variable) is not { } text || IsExcepted(server.IdnHost.Trim('[', ']'), server.Port, Read(environment, "NO_PROXY") ?? ""))
            return null;
        return Parse(text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text)
            ?? throw new KubernetesConfigException($"{variable}: \"{text}\" is not the address of a proxy (http, https, socks5)");
    }

    /// <summary>An address that can be a proxy's, or null.</summary>
    public static Uri? Parse(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Host.Length > 0 && uri.Scheme is "http" or "https" or "socks5" ? uri : null;

    private static string? Read(Func<string, string?> environment, string name) =>
        (environment(name.ToLowerInvariant()) is { Length: > 0 } small ? small : environment(name)) is { Length: > 0 } value ? value : null;

    private static bool IsExcepted(string host, int port, string noProxy)
    {
        var address = IPAddress.TryParse(host, out var parsed) ? parsed : null;
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (address is not null && IPAddress.IsLoopback(address)))
            return true;
        foreach (var entry in noProxy.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (entry == "*")
                return true;
            if (IPNetwork.TryParse(entry, out var network))
            {
                if (address is not null && network.Contains(address))
                    return true;
                continue;
            }

            var (name, onlyPort) = Split(entry);
            if (onlyPort is not null && onlyPort != port)
                continue;
            if (address is not null ? IPAddress.TryParse(name, out var excepted) && excepted.Equals(address) : IsInDomain(host, name))
                return true;
        }

        return false;
    }

    /// <summary><c>example.com</c> is itself and what is below it; <c>.example.com</c> and <c>*.example.com</c> only the latter.</summary>
    private static bool IsInDomain(string host, string domain)
    {
        if (domain.StartsWith("*.", StringComparison.Ordinal))
            domain = domain[1..];
        return domain.StartsWith('.')
            ? host.EndsWith(domain, StringComparison.OrdinalIgnoreCase)
            : host.Equals(domain, StringComparison.OrdinalIgnoreCase) || host.EndsWith("." + domain, StringComparison.OrdinalIgnoreCase);
    }

    private static (string Name, int? Port) Split(string entry)
    {
        var colon = entry.LastIndexOf(':');
        var isPort = colon > 0 && int.TryParse(entry.AsSpan(colon + 1), out _) && (entry.IndexOf(':') == colon || entry[colon - 1] == ']');
        var name = isPort ? entry[..colon] : entry;
        return (name.Trim('[', ']'), isPort ? int.Parse(entry.AsSpan(colon + 1), System.Globalization.CultureInfo.InvariantCulture) : null);
    }
}
