using System.Text.Json;
using System.Text.Json.Nodes;
using Kilonova.Crds;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Watch;

namespace Kilonova.Integration.Scenarios;

/// <summary>Every state of one Server that a watch shows, from before it exists until it is gone.</summary>
public sealed class ServerStates : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly Task<IReadOnlyList<JsonNode>> watching;

    private ServerStates(KubernetesClient client, string project, string name) => watching = WatchAsync(client, project, name);

    /// <summary>Begins to watch.</summary>
    public static ServerStates Watch(KubernetesClient client, string project, string name) => new(client, project, name);

    /// <summary>All states, once the Server is gone.</summary>
    public Task<IReadOnlyList<JsonNode>> UntilGoneAsync() => watching.WaitAsync(TimeSpan.FromSeconds(60));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAny(watching);
        stop.Dispose();
    }

    private async Task<IReadOnlyList<JsonNode>> WatchAsync(KubernetesClient client, string project, string name)
    {
        var servers = client.Resource(ResourceType.Of(CrdsJsonContext.Default.Server));
        var states = new List<JsonNode>();
        var version = (await servers.ListAsync(WatchScope.Named(project, name), null, stop.Token)).ResourceVersion;
        while (true)
        {
            await using var watch = await servers.WatchAsync(WatchScope.Named(project, name), version, null, stop.Token);
            await foreach (var change in watch.WithCancellation(stop.Token))
            {
                version = change.ResourceVersion ?? version;
                if (change.Object is not { } server)
                    continue;
                states.Add(JsonSerializer.SerializeToNode(server, CrdsJsonContext.Default.Server)!);
                if (change.Type == WatchEventType.Deleted)
                    return states;
            }
        }
    }
}
