using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Kilonova.Cli.Answers;
using Kilonova.Cli.Clusters;
using Kilonova.Crds;
using Kilonova.Crds.Meta;

namespace Kilonova.Cli.Manifests;

/// <summary>Reads manifests of the kinds that decisions rest on. Mistakes of all files are collected and told at once.</summary>
/// <param name="defaultNamespace">Namespace of objects that state none.</param>
internal sealed class ManifestReader(string defaultNamespace)
{
    /// <summary>Endings of the files that are read in a directory.</summary>
    private static readonly string[] Endings = [".yaml", ".yml", ".json"];

    private readonly List<string> mistakes = [];
    private readonly List<IgnoredObject> ignored = [];
    private readonly Dictionary<(string Kind, string Key), string> seen = [];
    private readonly List<Hypervisor> hypervisors = [];
    private readonly List<ResourceProvider> providers = [];
    private readonly List<Aggregate> aggregates = [];
    private readonly List<Flavor> flavors = [];
    private readonly List<Image> images = [];
    private readonly List<Network> networks = [];
    private readonly List<ServerGroup> groups = [];
    private readonly List<Server> servers = [];

    /// <summary>Objects of kinds that no decision rests on, in the order of the files.</summary>
    public IReadOnlyList<IgnoredObject> Ignored => ignored;

    /// <summary>Reads files, directories (their files, by name, not those below) and <c>-</c>, the standard input.</summary>
    /// <param name="paths">What to read.</param>
    /// <param name="input">Standard input.</param>
    /// <returns>The objects.</returns>
    /// <exception cref="BadInputException">Something cannot be read, or breaks a rule.</exception>
    public ClusterObjects Read(IEnumerable<string> paths, TextReader input)
    {
        foreach (var path in paths)
        {
            try
            {
                if (path == "-") ReadText("-", input.ReadToEnd());
                else if (Directory.Exists(path)) ReadDirectory(path);
                else ReadText(path, File.ReadAllText(path));
            }
            catch (BadInputException e)
            {
                mistakes.Add(e.Message);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                mistakes.Add($"{path}: cannot be read: {e.Message}");
            }
        }

        if (mistakes.Count > 0) throw new BadInputException(mistakes);
        return new ClusterObjects
        {
            Hypervisors = hypervisors,
            Providers = providers,
            Aggregates = aggregates,
            Flavors = flavors,
            Images = images,
            Networks = networks,
            Groups = groups,
            Servers = servers,
        };
    }

    private void ReadDirectory(string path)
    {
        var files = Directory.EnumerateFiles(path).Where(f => Endings.Contains(Path.GetExtension(f))).Order(StringComparer.Ordinal).ToList();
        if (files.Count == 0) throw new BadInputException($"{path}: holds no {string.Join(", ", Endings)}");
        foreach (var file in files) ReadText(file, File.ReadAllText(file));
    }

    private void ReadText(string file, string text)
    {
        foreach (var document in JsonText.IsJson(text) ? JsonText.Read(file, text) : YamlText.Read(file, text))
        {
            // A document without content is between two separators.
            if (document.Json is JsonObject json) ReadObject(document, json, "");
            else if (document.Json is not null) mistakes.Add(document.Mistake("", "must be an object with apiVersion and kind"));
        }
    }

    private void ReadObject(ManifestDocument document, JsonObject json, string path)
    {
        var kind = Text(json["kind"]);
        var version = Text(json["apiVersion"]);
        if (kind is null || version is null)
        {
            mistakes.Add(document.Mistake(path, "must be an object with apiVersion and kind"));
            return;
        }

        if (kind.EndsWith("List", StringComparison.Ordinal) && json["items"] is JsonArray items)
        {
            for (var i = 0; i < items.Count; i++)
                if (items[i] is JsonObject item) ReadObject(document, item, Below(path, $"items[{i}]"));
            return;
        }

        switch (kind)
        {
            case "Hypervisor": Add(hypervisors, CrdsJsonContext.Default.Hypervisor, document, json, path, version); break;
            case "ResourceProvider": Add(providers, CrdsJsonContext.Default.ResourceProvider, document, json, path, version); break;
            case "Aggregate": Add(aggregates, CrdsJsonContext.Default.Aggregate, document, json, path, version); break;
            case "Flavor": Add(flavors, CrdsJsonContext.Default.Flavor, document, json, path, version); break;
            case "Image": Add(images, CrdsJsonContext.Default.Image, document, json, path, version); break;
            case "Network": Add(networks, CrdsJsonContext.Default.Network, document, json, path, version); break;
            case "ServerGroup": Add(groups, CrdsJsonContext.Default.ServerGroup, document, json, path, version); break;
            case "Server": Add(servers, CrdsJsonContext.Default.Server, document, json, path, version, ClusterObjects.Identified); break;
            default: Ignore(document, json, path, kind, version); break;
        }
    }

    private void Add<T>(List<T> list, JsonTypeInfo<T> type, ManifestDocument document, JsonObject json, string path, string version, Func<T, T>? complete = null)
        where T : KubernetesObject
    {
        var kind = typeof(T).GetCustomAttribute<KindAttribute>()!;
        var group = version.Split('/')[0];
        if (group != kind.Group)
        {
            Ignore(document, json, path, kind.Kind, version);
            return;
        }

        var before = mistakes.Count;
        if (version != kind.ApiVersion) mistakes.Add(document.Mistake(Below(path, "apiVersion"), $"must be {kind.ApiVersion}, and is {version}"));
        if (json["metadata"] is not JsonObject metadata || Text(metadata["name"]) is not { Length: > 0 } name)
        {
            mistakes.Add(document.Mistake(Below(path, "metadata.name"), "is required"));
            return;
        }

        if (kind.Scope == Scope.Namespaced && metadata["namespace"] is null) metadata["namespace"] = defaultNamespace;
        new FieldRules(document, mistakes).Check(typeof(T), json, path);
        if (mistakes.Count > before) return;
        var place = $"{document.File}:{document.LineOf(Below(path, "metadata"))}";
        try
        {
            var read = json.Deserialize(type)!;
            var key = ClusterObjects.KeyOf(read.Metadata);
            if (seen.TryGetValue((kind.Kind, key), out var first)) mistakes.Add($"{place}: {kind.Kind} {key}: is at {first} already");
            else seen[(kind.Kind, key)] = place;
            list.Add(complete is null ? read : complete(read));
        }
        catch (JsonException e)
        {
            var field = Below(path, e.Path is { Length: > 2 } at ? at[2..] : "");
            mistakes.Add(document.Mistake(field, $"cannot be read: {(e.InnerException ?? e).Message}"));
        }
    }

    private void Ignore(ManifestDocument document, JsonObject json, string path, string kind, string version) => ignored.Add(new IgnoredObject
    {
        File = document.File,
        Line = document.LineOf(Below(path, "kind")),
        ApiVersion = version,
        Kind = kind,
        Name = (json["metadata"] as JsonObject)?["name"] is { } name ? Text(name) : null,
    });

    private static string? Text(JsonNode? node) => node?.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : null;

    private static string Below(string path, string name) => path.Length == 0 ? name : name.Length == 0 ? path : $"{path}.{name}";
}
