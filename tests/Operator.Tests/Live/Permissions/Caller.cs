using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Kilonova.Kubernetes.Config;

namespace Kilonova.Operator.Tests.Live.Permissions;

/// <summary>Somebody who asks the API server for something.</summary>
/// <param name="Label">What the matrix calls them.</param>
/// <param name="User">User name.</param>
/// <param name="Groups">Groups, beside those of everybody.</param>
internal sealed record Person(string Label, string User, params string[] Groups)
{
    /// <summary>The node that the token of a service account is bound to.</summary>
    public string? Node { get; init; }

    public static Person Administrator { get; } = new("administrator", "");
}

/// <summary>An answer of the API server.</summary>
internal sealed record Answer(int Code, string Text)
{
    public JsonNode Json => JsonNode.Parse(Text)!;

    public string Message => Code >= 400 ? (string?)Json["message"] ?? Text : Text;
}

/// <summary>Sends plain requests in anybody's name, as administrators may (impersonation): the server judges them as that user's.</summary>
internal sealed class Caller : IDisposable
{
    private readonly HttpClient _http;

    public Caller(string kubeconfig)
    {
        var config = KubernetesConfig.Load(new KubernetesConfigOptions { Path = kubeconfig });
        var roots = new X509Certificate2Collection();
        roots.ImportFromPem(config.CertificateAuthority!.Read());
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(roots);
        _http = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = policy,
                ClientCertificates = [X509Certificate2.CreateFromPem(config.ClientCertificate!.Read(), config.ClientKey!.Read())],
            },
        })
        { BaseAddress = config.Server };
    }

    public async Task<Answer> SendAsync(Person person, HttpMethod method, string path, JsonNode? body = null, string contentType = "application/json")
    {
        using var request = new HttpRequestMessage(method, path);
        if (person.User.Length > 0)
        {
            request.Headers.Add("Impersonate-User", person.User);
            foreach (var group in person.Groups)
                request.Headers.Add("Impersonate-Group", group);
            if (person.Node is { } node)
                request.Headers.Add("Impersonate-Extra-authentication.kubernetes.io%2Fnode-name", node);
        }

        if (body is not null)
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, new MediaTypeHeaderValue(contentType));
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        // A watch that was accepted goes on: that it was is all that is asked.
        var text = path.Contains("watch=true", StringComparison.Ordinal) && response.IsSuccessStatusCode ? "" : await response.Content.ReadAsStringAsync();
        return new Answer((int)response.StatusCode, text);
    }

    public async Task<JsonNode> MakeAsync(string path, JsonNode body)
    {
        var answer = await SendAsync(Person.Administrator, HttpMethod.Post, path, body);
        Assert.True(answer.Code is 200 or 201, $"{path}: {answer.Message}");
        return answer.Json;
    }

    public void Dispose() => _http.Dispose();
}
