using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace Kilonova.Crds.Tests;

/// <summary>What the API server answered.</summary>
/// <param name="Code">HTTP status.</param>
/// <param name="Body">Object or <c>Status</c>.</param>
public sealed record Answer(int Code, JsonNode Body)
{
    /// <summary>Whether it was accepted.</summary>
    public bool Accepted => Code is >= 200 and < 300;

    /// <summary>Each cause of a refusal as <c>field: message</c>, else the message as a whole. (That rules were skipped since the shape is wrong is no cause.)</summary>
    public IReadOnlyList<string> Refusals => Accepted ? []
        : Body["details"]?["causes"] is JsonArray { Count: > 0 } causes
            ? [.. causes.Select(cause => $"{cause!["field"]}: {cause["message"]}").Where(text => !text.Contains("some validation rules were not checked", StringComparison.Ordinal))]
        : [$"{Body["message"]}"];
}

/// <summary>A real API server with our definitions installed by server-side apply, for as long as the tests run.</summary>
public sealed class ApiServer : IAsyncLifetime
{
    private readonly string directory = Directory.CreateTempSubdirectory("crds-tests-").FullName;
    private HttpClient? client;
    private X509Certificate2? certificate;
    private readonly ConcurrentBag<string> made = [];
    private string? unavailable;

    private string Run => Path.Combine(Repository.Root, "tests/control-plane/run");

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        var (code, output) = await Command(Run, "up", directory);
        if (code == 75)
        {
            unavailable = $"no API server: {output.Trim().Split('\n')[^1]}";
            return;
        }

        try
        {
            Assert.True(code == 0, output);
            Connect(Repository.Parse(await File.ReadAllTextAsync(Path.Combine(directory, "admin.kubeconfig"))));
            var applied = await Kubectl("apply", "--server-side", "-f", Path.Combine(Repository.Root, "crds/manifests"));
            Assert.True(applied.Code == 0, applied.Output);
            var waited = await Kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=60s");
            Assert.True(waited.Code == 0, waited.Output);
            await CreateNamespace("demo");
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var url in made) // the cluster may be one that lives on
            _ = await Send(HttpMethod.Delete, url, null, "");
        client?.Dispose();
        certificate?.Dispose();
        if (Directory.Exists(directory))
            await Command(Run, "down", directory);
    }

    /// <summary>Skips the test where there is no API server.</summary>
    public void Require() => Assert.SkipWhen(unavailable is not null, unavailable ?? "");

    /// <summary>Runs kubectl as administrator.</summary>
    public Task<(int Code, string Output)> Kubectl(params string[] arguments) => Command(Run, ["kubectl", directory, .. arguments]);

    /// <summary>Creates an object; by default only tries to.</summary>
    public async Task<Answer> Create(JsonNode document, bool dryRun = true)
    {
        var answer = await Send(HttpMethod.Post, Path.GetDirectoryName(Url(document))! + Query(dryRun), document, "application/json");
        if (answer.Accepted && !dryRun)
            made.Add(Url(document));
        return answer;
    }

    /// <summary>Changes an object by a merge patch; by default only tries to.</summary>
    public Task<Answer> Patch(JsonNode document, JsonNode patch, bool dryRun = true, string subresource = "") =>
        Send(HttpMethod.Patch, Url(document) + subresource + Query(dryRun), patch, "application/merge-patch+json");

    /// <summary>Reads an object.</summary>
    public Task<Answer> Get(JsonNode document) => Send(HttpMethod.Get, Url(document), null, "");

    /// <summary>Lists a kind by a field selector.</summary>
    public Task<Answer> List(JsonNode document, string fieldSelector) =>
        Send(HttpMethod.Get, $"{Path.GetDirectoryName(Url(document))}?fieldSelector={Uri.EscapeDataString(fieldSelector)}", null, "");

    private async Task CreateNamespace(string name)
    {
        var created = await Send(HttpMethod.Post, "/api/v1/namespaces", new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = name } }, "application/json");
        Assert.True(created.Accepted || created.Code == (int)HttpStatusCode.Conflict, $"{created.Body}"); // a cluster that ran before may have it
    }

    private static string Query(bool dryRun) => "?fieldManager=tests&fieldValidation=Strict" + (dryRun ? "&dryRun=All" : "");

    private static string Url(JsonNode document)
    {
        var (kind, name) = (document["kind"]!.GetValue<string>(), document["metadata"]!["name"]!.GetValue<string>());
        var type = WireDocuments.Kinds.Single(type => type.Name == kind);
        var place = (Meta.KindAttribute)Attribute.GetCustomAttribute(type, typeof(Meta.KindAttribute))!;
        var where = place.Scope == Meta.Scope.Cluster ? "" : $"/namespaces/{document["metadata"]!["namespace"]?.GetValue<string>() ?? "demo"}";
        return $"/apis/{place.ApiVersion}{where}/{place.Plural}/{name}";
    }

    private async Task<Answer> Send(HttpMethod method, string path, JsonNode? body, string type)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
            request.Content = new StringContent(body.ToJsonString(), new MediaTypeHeaderValue(type, "utf-8"));
        using var response = await client!.SendAsync(request);
        return new((int)response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
    }

    private void Connect(JsonNode kubeconfig)
    {
        var (cluster, user) = (kubeconfig["clusters"]![0]!["cluster"]!, kubeconfig["users"]![0]!["user"]!);
        var roots = new X509Certificate2Collection();
        roots.ImportFromPem(Text(cluster, "certificate-authority"));
        var handler = new SocketsHttpHandler
        {
            SslOptions =
            {
                ClientCertificates = [],
                CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck },
            },
        };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(roots);
        client = new HttpClient(handler) { BaseAddress = new Uri(cluster["server"]!.GetValue<string>()) };
        if (user["token"] is { } token)
        {
            client.DefaultRequestHeaders.Authorization = new("Bearer", token.GetValue<string>());
            return;
        }

        using var pem = X509Certificate2.CreateFromPem(Text(user, "client-certificate"), Text(user, "client-key"));
        certificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        handler.SslOptions.ClientCertificates.Add(certificate);
    }

    private string Text(JsonNode node, string key) => node[$"{key}-data"] is { } data
        ? Encoding.UTF8.GetString(Convert.FromBase64String(data.GetValue<string>()))
        : File.ReadAllText(Path.Combine(directory, node[key]!.GetValue<string>()));

    private static async Task<(int Code, string Output)> Command(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await error);
    }
}

/// <summary>Tests that share one API server.</summary>
[CollectionDefinition(Name)]
public sealed class ApiServerCollection : ICollectionFixture<ApiServer>
{
    /// <summary>Name of the collection.</summary>
    public const string Name = "API server";
}
