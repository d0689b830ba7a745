using System.Text;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Kilonova.Kubernetes.Config;

/// <summary>
/// Reads kubeconfig files. Several files are merged by kubectl's rule: the first file to name a context, cluster,
/// user or the current context wins; paths are relative to the file they stand in; data goes before files.
/// </summary>
internal static class KubeconfigReader
{
    /// <summary>Ways to authenticate that exist in kubeconfigs and are not implemented: refused, never ignored.</summary>
    private static readonly string[] s_unsupportedUserFields = ["auth-provider", "username", "password", "as", "as-uid", "as-groups", "as-user-extra"];

    public static KubernetesConfig Read(IReadOnlyList<string> paths, bool mustExist, KubernetesConfigOptions options)
    {
        var files = new List<KubeconfigFile>();
        foreach (var path in paths)
        {
            if (mustExist || File.Exists(path))
                files.Add(KubeconfigFile.Parse(path));
        }

        if (files.Count == 0)
            throw new KubernetesConfigException($"KUBECONFIG: none of {string.Join(", ", paths)} exists");

        var contextName = options.Context ?? files.Select(f => f.CurrentContext).FirstOrDefault(c => c is not null)
            ?? throw new KubernetesConfigException($"{files[0].Path}: current-context is not set");
        var context = Find(files, "contexts", contextName, "context", named: "current-context");
        var clusterName = context.Required("cluster");
        var cluster = Find(files, "clusters", clusterName, "cluster", named: context.Where("cluster"));
        var user = context.Text("user") is { } userName ? Find(files, "users", userName, "user", named: context.Where("user")) : null;

        foreach (var field in s_unsupportedUserFields)
        {
            if (user?.Has(field) == true)
                throw new KubernetesConfigException($"{user.Where(field)}: this way to authenticate is not supported; use a client certificate, a token or a tokenFile");
        }

        var serverText = cluster.Required("server");
        if (!Uri.TryCreate(serverText, UriKind.Absolute, out var server))
            throw new KubernetesConfigException($"{cluster.Where("server")}: \"{serverText}\" is not an address");

        var config = new KubernetesConfig
        {
            Server = server,
            TlsServerName = cluster.Text("tls-server-name"),
            CertificateAuthority = cluster.Pem("certificate-authority"),
            SkipTlsVerify = cluster.Flag("insecure-skip-tls-verify"),
            Proxy = cluster.Proxy("proxy-url") ?? EnvironmentProxy.For(server, options.Environment),
            ClientCertificate = user?.Pem("client-certificate"),
            ClientKey = user?.Pem("client-key"),
            Token = user?.Text("token"),
            TokenFile = user?.File("tokenFile"),
            Exec = user?.Exec("exec"),
            Namespace = context.Text("namespace") ?? "default",
            AllowInsecure = options.AllowInsecure,
            Source = $"{cluster.Path}, context {contextName}",
        };
        config.Validate();
        return config;
    }

    private static KubeconfigSection Find(List<KubeconfigFile> files, string list, string name, string body, string named)
    {
        foreach (var file in files)
        {
            if (file.Find(list, name, body) is { } section)
                return section;
        }

        throw new KubernetesConfigException($"{string.Join(", ", files.Select(f => f.Path))}: {named} names \"{name}\", which is not in {list}");
    }
}

/// <summary>One kubeconfig file.</summary>
internal sealed class KubeconfigFile(string path, YamlMappingNode root)
{
    public string Path { get; } = path;

    public string? CurrentContext => new KubeconfigSection(Path, "", root).Text("current-context");

    public static KubeconfigFile Parse(string path)
    {
        try
        {
            using var reader = new StreamReader(path);
            var yaml = new YamlStream();
            yaml.Load(reader);
            return yaml.Documents is [{ RootNode: YamlMappingNode root }, ..]
                ? new KubeconfigFile(path, root)
                : throw new KubernetesConfigException($"{path}: not a kubeconfig (no mapping at the top)");
        }
        catch (YamlException e)
        {
            throw new KubernetesConfigException($"{path}: line {e.Start.Line}: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KubernetesConfigException($"{path}: {e.Message}", e);
        }
    }

    public KubeconfigSection? Find(string list, string name, string body)
    {
        if (!root.Children.TryGetValue(list, out var node) || node is not YamlSequenceNode items)
            return null;
        foreach (var item in items.OfType<YamlMappingNode>())
        {
            if (!item.Children.TryGetValue("name", out var n) || n is not YamlScalarNode { Value: { } v } || v != name)
                continue;
            var where = $"{list}[\"{name}\"].{body}";
            return item.Children.TryGetValue(body, out var b) && b is YamlMappingNode mapping
                ? new KubeconfigSection(Path, where, mapping)
                : throw new KubernetesConfigException($"{Path}: {where} is missing");
        }

        return null;
    }
}

/// <summary>One mapping of a kubeconfig, with its place for messages.</summary>
internal sealed class KubeconfigSection(string path, string place, YamlMappingNode node)
{
    public string Path { get; } = path;

    public string Where(string field) => place.Length == 0 ? $"{Path}: {field}" : $"{Path}: {place}.{field}";

    public bool Has(string field) => node.Children.ContainsKey(field);

    public string? Text(string field)
    {
        if (!node.Children.TryGetValue(field, out var value))
            return null;
        if (value is not YamlScalarNode scalar)
            throw new KubernetesConfigException($"{Where(field)}: not a text");
        return string.IsNullOrEmpty(scalar.Value) ? null : scalar.Value;
    }

    public string Required(string field) => Text(field) ?? throw new KubernetesConfigException($"{Where(field)} is missing");

    public bool Flag(string field) => Text(field) switch
    {
        null or "false" => false,
        "true" => true,
        var other => throw new KubernetesConfigException($"{Where(field)}: \"{other}\" is neither true nor false"),
    };

    public Uri? Proxy(string field)
    {
        if (Text(field) is not { } text)
            return null;
        return EnvironmentProxy.Parse(text) ?? throw new KubernetesConfigException($"{Where(field)}: \"{text}\" is not the address of a proxy (http, https, socks5)");
    }

    public ExecCommand? Exec(string field)
    {
        if (!node.Children.TryGetValue(field, out var value))
            return null;
        if (value is not YamlMappingNode mapping)
            throw new KubernetesConfigException($"{Where(field)}: not a mapping");
        var exec = new KubeconfigSection(Path, $"{place}.{field}", mapping);
        var version = exec.Required("apiVersion");
        if (!ExecCommand.Versions.Contains(version))
            throw new KubernetesConfigException($"{exec.Where("apiVersion")}: \"{version}\" is not supported; use {string.Join(" or ", ExecCommand.Versions)}");
        var mode = exec.Text("interactiveMode") ?? (version == ExecCommand.Versions[0] ? exec.Required("interactiveMode") : "IfAvailable");
        if (mode is not ("Never" or "IfAvailable"))
            throw new KubernetesConfigException($"{exec.Where("interactiveMode")}: {(mode == "Always" ? "the program wants a terminal, and there is none" : $"\"{mode}\" is none of Never, IfAvailable, Always")}");
        var command = exec.Required("command");
        return new ExecCommand
        {
            ApiVersion = version,
            Command = command.Contains('/', StringComparison.Ordinal) ? exec.File("command")! : command,
            Arguments = exec.Items("args", n => n is YamlScalarNode { Value: { } text } ? text : null),
            Environment = exec.Items("env", n => n is YamlMappingNode m && m.Children.TryGetValue("name", out var name) && m.Children.TryGetValue("value", out var v) ? KeyValuePair.Create($"{name}", $"{v}") : (KeyValuePair<string, string>?)null)
                .ToDictionary(e => e!.Value.Key, e => e!.Value.Value),
            InstallHint = exec.Text("installHint"),
            ProvideClusterInfo = exec.Flag("provideClusterInfo"),
            Origin = Where(field),
        };
    }

    private List<TItem> Items<TItem>(string field, Func<YamlNode, TItem?> read)
    {
        if (!node.Children.TryGetValue(field, out var value) || value is YamlScalarNode { Value: "" or "null" or "~" })
            return [];
        return value is YamlSequenceNode items
            ? [.. items.Select((item, i) => read(item) ?? throw new KubernetesConfigException($"{Where(field)}[{i}]: not what belongs there"))]
            : throw new KubernetesConfigException($"{Where(field)}: not a list");
    }

    /// <summary>A path, made absolute against the kubeconfig's own folder.</summary>
    public string? File(string field) =>
        Text(field) is { } file ? System.IO.Path.GetFullPath(file, System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!) : null;

    public PemSource? Pem(string field)
    {
        var dataField = field + "-data";
        if (Text(dataField) is { } base64)
        {
            try
            {
                return PemSource.FromText(Encoding.UTF8.GetString(Convert.FromBase64String(base64)), Where(dataField));
            }
            catch (FormatException e)
            {
                throw new KubernetesConfigException($"{Where(dataField)}: not base64", e);
            }
        }

        return File(field) is { } file ? PemSource.FromFile(file) : null;
    }
}
