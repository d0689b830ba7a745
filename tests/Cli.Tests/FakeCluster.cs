using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kilonova.Cli.Manifests;
using Kilonova.Cli.Simulation;
using Kilonova.Crds;

namespace Kilonova.Cli.Tests;

/// <summary>Serves manifests as an API server would that only reads, with a fresh Lease of every host's agent.</summary>
internal sealed class FakeCluster : IDisposable
{
    private const string Ours = $"/apis/{ApiGroup.ApiVersion}/";
    private readonly HttpListener listener = new();
    private readonly Dictionary<string, string> bodies = new(StringComparer.Ordinal);
    private readonly Task serving;

    public FakeCluster(IEnumerable<string> files, TimeSpan? leaseAge = null)
    {
        var objects = new ManifestReader("default").Read(files.Select(f => Path.Combine(Run.Cases, f)), TextReader.Null);
        var book = new HostBook(objects);
        Add("hypervisors", objects.Hypervisors, CrdsJsonContext.Default.Hypervisor);
        Add("resourceproviders", objects.Providers.Select(p => book.Provider(p.Metadata.Name!)!), CrdsJsonContext.Default.ResourceProvider);
        Add("aggregates", objects.Aggregates, CrdsJsonContext.Default.Aggregate);
        Add("flavors", objects.Flavors, CrdsJsonContext.Default.Flavor);
        Add("images", objects.Images, CrdsJsonContext.Default.Image);
        Add("servers", objects.Servers, CrdsJsonContext.Default.Server);
        // What a field selector asks for is not looked at here.
        bodies[Ours + "servers"] = List([]);
        var renewed = DateTimeOffset.UtcNow - (leaseAge ?? TimeSpan.Zero);
        bodies["/apis/coordination.k8s.io/v1/leases"] = List(objects.Hypervisors.Select(h => new JsonObject
        {
            ["apiVersion"] = "coordination.k8s.io/v1",
            ["kind"] = "Lease",
            ["metadata"] = new JsonObject { ["name"] = ApiGroup.AgentLeaseName, ["namespace"] = ApiGroup.HostNamespace(h.Metadata.Name!) },
            ["spec"] = new JsonObject { ["renewTime"] = renewed.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture) },
        }));

        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        var address = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}";
        free.Stop();
        listener.Prefixes.Add(address + "/");
        listener.Start();
        serving = ServeAsync();
        Kubeconfig = Path.GetTempFileName();
        File.WriteAllText(Kubeconfig, $$$"""
            apiVersion: v1
            kind: Config
            current-context: fake
            contexts: [{name: fake, context: {cluster: fake, user: nobody, namespace: demo}}]
            clusters: [{name: fake, cluster: {server: "{{{address}}}"}}]
            users: [{name: nobody, user: {token: none}}]
            """);
    }

    /// <summary>How it is reached.</summary>
    public string Kubeconfig { get; }

    /// <summary>Paths that are refused to the one who asks.</summary>
    public HashSet<string> Forbidden { get; } = [];

    public void Dispose()
    {
        listener.Stop();
        serving.GetAwaiter().GetResult();
        File.Delete(Kubeconfig);
    }

    private void Add<T>(string plural, IEnumerable<T> objects, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : Crds.Meta.KubernetesObject
    {
        var all = objects.ToList();
        bodies[Ours + plural] = List(all.Select(o => JsonSerializer.SerializeToNode(o, type)!));
        foreach (var one in all)
        {
            var scope = one.Metadata.Namespace is { } ns ? $"namespaces/{ns}/" : "";
            bodies[$"{Ours}{scope}{plural}/{one.Metadata.Name}"] = JsonSerializer.Serialize(one, type);
        }
    }

    private static string List(IEnumerable<JsonNode> items) =>
        new JsonObject { ["apiVersion"] = "v1", ["kind"] = "List", ["metadata"] = new JsonObject { ["resourceVersion"] = "1" }, ["items"] = new JsonArray([.. items]) }.ToJsonString();

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            var path = context.Request.Url!.AbsolutePath;
            var (code, body) = Forbidden.Contains(path) ? (403, Status(403, "Forbidden", path)) : bodies.TryGetValue(path, out var found) ? (200, found) : (404, Status(404, "NotFound", path));
            context.Response.StatusCode = code;
            context.Response.ContentType = "application/json";
            await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(body));
            context.Response.Close();
        }
    }

    private static string Status(int code, string reason, string path) => new JsonObject
    {
        ["kind"] = "Status",
        ["apiVersion"] = "v1",
        ["status"] = "Failure",
        ["reason"] = reason,
        ["message"] = $"{reason}: {path}",
        ["details"] = new JsonObject { ["kind"] = path.Split('/')[^2], ["name"] = path.Split('/')[^1] },
        ["code"] = code,
    }.ToJsonString();
}
