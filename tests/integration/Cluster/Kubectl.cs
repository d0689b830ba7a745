using System.Text.Json.Nodes;

namespace Kilonova.Integration.Cluster;

/// <summary>kubectl, as users have it.</summary>
public sealed class Kubectl(string program, string kubeconfig)
{
    /// <summary>The credentials it uses.</summary>
    public string Kubeconfig => kubeconfig;

    /// <summary>Runs kubectl and returns what came of it.</summary>
    public Task<CommandResult> TryAsync(params string[] arguments) => Shell.RunAsync(program, ["--kubeconfig", kubeconfig, .. arguments]);

    /// <summary>Runs kubectl, which must succeed, and returns its output.</summary>
    public async Task<string> RunAsync(params string[] arguments) => (await TryAsync(arguments)).Ensured;

    /// <summary>What applying a manifest would change; ends with 1 when it would change anything.</summary>
    public Task<CommandResult> DiffAsync(string manifest) => Shell.RunAsync(program, ["--kubeconfig", kubeconfig, "diff", "-f", "-"], manifest);

    /// <summary>Applies a manifest.</summary>
    public Task<CommandResult> TryApplyAsync(string manifest, params string[] arguments) =>
        Shell.RunAsync(program, ["--kubeconfig", kubeconfig, "apply", .. arguments, "-f", "-"], manifest);

    /// <summary>Applies a manifest that must be accepted.</summary>
    public async Task<string> ApplyAsync(string manifest, params string[] arguments) => (await TryApplyAsync(manifest, arguments)).Ensured;

    /// <summary>An object, or nothing.</summary>
    public async Task<JsonNode?> GetAsync(string resource, string name, string? @namespace = null)
    {
        string[] where = @namespace is null ? [] : ["-n", @namespace];
        var text = await RunAsync(["get", resource, name, "--ignore-not-found", "-o", "json", .. where]);
        return text.Length == 0 ? null : JsonNode.Parse(text);
    }

    /// <summary>An object with its managed fields.</summary>
    public async Task<JsonNode?> GetWithManagersAsync(string resource, string name, string @namespace) =>
        JsonNode.Parse(await RunAsync("get", resource, name, "-n", @namespace, "-o", "json", "--show-managed-fields"));

    /// <summary>All objects of a kind, in a namespace or everywhere.</summary>
    public async Task<IReadOnlyList<JsonNode>> ListAsync(string resource, string? @namespace = null)
    {
        string[] where = @namespace is null ? ["-A"] : ["-n", @namespace];
        return [.. JsonNode.Parse(await RunAsync(["get", resource, "-o", "json", .. where]))!["items"]!.AsArray()!];
    }
}
